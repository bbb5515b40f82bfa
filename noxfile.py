"""The one list of commands: `nox -l` names them, `nox -s ci` runs all that must pass.

Test sessions pass their arguments on: `nox -s py -- -k sorting`, `nox -s cpp -- -R Kernels`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["lint", "types", "cpp", "py"]
nox.options.reuse_venv = "yes"

#: More builds under sanitizers would take CI beyond 20 minutes: `nox -s asan_python tsan` before a
#: release.
CI = ["cpp", "install", "lint", "types", "bench", "asan", "cuda", "wheel", "readme", "torch"]

#: Two cores, and one thread each for what would otherwise start as many as there are cores.
TWO_WORKERS = {"PYTEST_ADDOPTS": "-n 2", "OMP_NUM_THREADS": "1"}

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml("pyproject.toml")


#: What a release of the CUDA library is compiled for; the last one as code for later GPUs too.
CUDA_ARCHITECTURES = "75-real;80-real;86-real;89-real;90-real;100-real;120"


def group(name: str) -> list[str]:
    return nox.project.dependency_groups(PYPROJECT, name)


def sources(*folders: str) -> list[str]:
    """C++ and CUDA files of folders."""
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.*"))]
    return [str(file) for file in files if file.suffix in (".cpp", ".hpp", ".cu", ".h")]


def build(session: nox.Session, preset: str, *definitions: str) -> None:
    session.run("cmake", "--preset", preset, *definitions, external=True)
    session.run("cmake", "--build", "--preset", preset, external=True)


@nox.session
def fmt(session: nox.Session) -> None:
    """Format everything in place."""
    session.install(*group("lint"))
    session.run("ruff", "check", "--fix", ".")
    session.run("ruff", "format", ".")
    session.run(
        "clang-format", "-i", *sources("cpp", "bindings", "tests/cpp", "bench/cpp", "examples")
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Formatting, style and the one arrow of the layers."""
    session.install(*group("lint"))
    files = sources("cpp", "bindings", "tests/cpp", "bench/cpp", "examples")
    session.run("clang-format", "--dry-run", "--Werror", *files)
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("python", "tools/check_includes.py")
    session.run("lint-imports", "--no-cache", env={"PYTHONPATH": "python"})


@nox.session
def tidy(session: nox.Session) -> None:
    """clang-tidy on the library."""
    session.install(*group("tidy"))
    build(session, "release")
    files = [file for file in sources("cpp/src") if file.endswith(".cpp")]
    session.run("clang-tidy", "--quiet", "-p", "build/release", *files)


@nox.session
def types(session: nox.Session) -> None:
    """mypy on the package, and its stub against the compiled module."""
    session.install(".[plot]", *group("types"))
    session.run("mypy")
    session.run("stubtest", "monge._core", "--allowlist", "tools/stubtest_allowlist.txt")


@nox.session(venv_backend="none")
def cpp(session: nox.Session) -> None:
    """Build and test the C++ library."""
    build(session, "release")
    session.run("ctest", "--preset", "release", *session.posargs)


@nox.session(venv_backend="none")
def clang(session: nox.Session) -> None:
    """The same with clang; `nox -s clang -- clang++-14` names another one than clang++."""
    compiler = session.posargs[0] if session.posargs else "clang++"
    build(session, "clang", f"-DCMAKE_CXX_COMPILER={compiler}")
    session.run("ctest", "--preset", "clang")


@nox.session(venv_backend="none")
def install(session: nox.Session) -> None:
    """Install the C++ library, and build the example against it as a user would."""
    build(session, "release")
    session.run("tools/check_install.sh", "build/release")


@nox.session
def py(session: nox.Session) -> None:
    """Test the Python package."""
    session.install(".[test]")
    session.run("pytest", *session.posargs)


def torch_tests() -> list[str]:
    """The tests of what needs PyTorch."""
    tests = ROOT / "tests/python"
    names = ("test_torch_*.py", "test_device*.py", "test_gan_*.py", "test_critics.py")
    return [str(file) for name in names for file in sorted(tests.glob(name))]


@nox.session
def torch(session: nox.Session) -> None:
    """Test what needs PyTorch, with the version that constraints/ci.txt names."""
    session.install(".[test,torch]", "--constraint", "constraints/ci.txt")
    chosen = session.posargs or [*torch_tests(), "tests/python/test_documents.py"]
    session.run("pytest", *chosen, env={} if session.posargs else TWO_WORKERS)


@nox.session
def torch_oldest(session: nox.Session) -> None:
    """The same with the oldest version declared; not in CI: its wheels bring 5 GB of CUDA."""
    session.install(".[test,torch]", "--constraint", "constraints/oldest.txt")
    session.run("pytest", *(session.posargs or torch_tests()), env=TWO_WORKERS)


@nox.session
def memory(session: nox.Session) -> None:
    """Long training with a loss, with workers and threads too: memory must stay flat; minutes."""
    session.install(".[test,torch]", "--constraint", "constraints/ci.txt")
    session.run("pytest", "--slow", "-m", "slow", "tests/python/test_torch_losses.py")


@nox.session(reuse_venv=False)
def readme(session: nox.Session) -> None:
    """README's second command, word for word, in a new environment."""
    command = subprocess.check_output([sys.executable, "tools/readme_command.py", "2"], text=True)
    session.run("bash", "-ec", command, external=True, env=TWO_WORKERS)


@nox.session(venv_backend="none")
def asan(session: nox.Session) -> None:
    """C++ tests under the address and undefined behaviour sanitizers."""
    build(session, "asan")
    session.run("ctest", "--preset", "asan", *session.posargs)


@nox.session
def asan_python(session: nox.Session) -> None:
    """Python tests of what the extension module reads and writes, under the same sanitizers."""
    extras = PYPROJECT["project"]["optional-dependencies"]["test"]
    session.install(
        "pybind11", "numpy", "scipy", *(e for e in extras if not e.startswith("monge["))
    )
    python = session.run("python", "-c", "import sys; print(sys.executable)", silent=True)
    pybind11 = session.run("pybind11-config", "--cmakedir", silent=True)
    build(
        session,
        "asan",
        "-DMONGE_PYTHON=ON",
        f"-DPython_EXECUTABLE={str(python).strip()}",
        f"-Dpybind11_DIR={str(pybind11).strip()}",
    )
    package = ROOT / "build" / "asan" / "python"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(ROOT / "python", package)
    session.run("cmake", "--install", "build/asan", "--prefix", str(package), external=True)
    libraries = [
        subprocess.check_output(["g++", f"-print-file-name={name}"], text=True).strip()
        for name in ("libasan.so", "libubsan.so", "libstdc++.so")
    ]
    environment = {
        "PYTHONPATH": str(package),
        "LD_PRELOAD": " ".join(libraries),
        "PYTHONMALLOC": "malloc",  # so that every object of Python is one that the sanitizer knows
        "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter itself leaks by design
    }
    session.run("python", "-m", "pytest", *(session.posargs or SANITIZED), env=environment)


#: The tests of what the extension module reads and writes.
SANITIZED = [
    f"tests/python/test_{name}.py" for name in ("bad_input", "line", "linear_sum_assignment")
]


@nox.session(venv_backend="none")
def tsan(session: nox.Session) -> None:
    """C++ tests under the thread sanitizer."""
    build(session, "tsan")
    session.run("ctest", "--preset", "tsan", *session.posargs)


def cuda_compiler(session: nox.Session) -> dict[str, str]:
    """The environment in which CMake finds an nvcc: the system's, or else the one on PyPI."""
    if "CUDACXX" in os.environ or shutil.which("nvcc"):
        return {}
    session.install(*group("cuda"))
    purelib = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = str(session.run("python", "-c", purelib, silent=True)).strip()
    (toolkit,) = Path(site, "nvidia").glob("cu*")
    # The wheels have lib/ where nvcc looks in lib64/.
    return {"CUDACXX": str(toolkit / "bin" / "nvcc"), "LIBRARY_PATH": str(toolkit / "lib")}


@nox.session
def cuda(session: nox.Session) -> None:
    """Compile the CUDA library and check it: `nox -s cuda -- all` for every architecture.

    What its kernels compute is tested on the CPU, by `nox -s cpp torch`; on a machine with a GPU
    `nox -s gpu` runs them there.
    """
    environment = cuda_compiler(session)
    architectures = CUDA_ARCHITECTURES if "all" in session.posargs else "90"
    setting = f"-DMONGE_CUDA_ARCHITECTURES={architectures}"
    session.run("cmake", "--preset", "cuda", setting, external=True, env=environment)
    command = ("cmake", "--build", "--preset", "cuda", "--clean-first")
    log = session.run(*command, external=True, env=environment, silent=True)
    (ROOT / "build/cuda/build.log").write_text(str(log))
    library = "build/cuda/cpp/cuda/libmonge_cuda.so"
    session.run("python", "tools/check_device_library.py", library, "build/cuda/build.log")


@nox.session
def gpu(session: nox.Session) -> None:
    """Test and time the CUDA library on this machine's GPU; needs a CUDA build of torch."""
    define = "cmake.define.MONGE_CUDA"
    session.install(".[test,torch]", f"--config-settings={define}=ON", env=cuda_compiler(session))
    session.run("pytest", "tests/gpu", *session.posargs)
    session.run("python", "bench/python/gpu.py")


@nox.session(venv_backend="none")
def mutants(session: nox.Session) -> None:
    """Without any one of its barriers and atomics, a kernel body must fail its tests."""
    session.run("python3", "tools/mutate_kernels.py", *session.posargs, external=True)


@nox.session
def bench(session: nox.Session) -> None:
    """Verify what the benchmarks time; measure with `nox -s bench -- --benchmark-only`."""
    build(session, "release")
    smallest_alone = ["--benchmark_min_time=0", "--benchmark_filter=/64$|/1024/|leaf|lists|tile"]
    cpp_options = [] if session.posargs else smallest_alone
    session.run("build/release/bench/cpp/monge_bench", *cpp_options, external=True)
    session.install(".[test]", *group("timing"))
    session.run("pytest", "bench/python", *(session.posargs or ["--benchmark-disable"]))


@nox.session
def peers(session: nox.Session) -> None:
    """Compare with the peers: `nox -s peers -- --only uniform --sizes 1000` is short."""
    session.install(".[bench]")
    session.run("python", "bench/python/compare.py", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the source distribution and a wheel from it, check both, install and import."""
    session.install("build")
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    # The sources are unpacked below the repository, where a compiler cache may know their paths.
    scratch = ROOT / "build" / "wheel"
    scratch.mkdir(parents=True, exist_ok=True)
    session.run("python", "-m", "build", env={"TMPDIR": str(scratch)})
    (built,) = (ROOT / "dist").glob("*.whl")
    session.run("python", "tools/check_wheel.py", str(built))
    session.install("--force-reinstall", "--no-deps", str(built))
    session.install("numpy")
    smoke = PYPROJECT["tool"]["cibuildwheel"]["test-command"]
    session.chdir(session.create_tmp())  # away from the sources
    session.run("bash", "-ec", smoke, external=True)


@nox.session(venv_backend="none")
def ci(session: nox.Session) -> None:
    """Everything that must pass, one session after the other; a failure does not stop the rest."""
    for name in CI:
        session.notify(name)
