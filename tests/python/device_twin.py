"""The device library's twin on the CPU, for tests: the same kernels and checks, on host memory."""

import functools
import getpass
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from monge.device.library import DeviceLibrary

SOURCES = Path(__file__).parents[2] / "cpp"
#: Names a twin that is built already, such as CMake's.
VARIABLE = "MONGE_DEVICE_TWIN"
FLAGS = ["-std=c++20", "-O2", "-ffp-contract=off", "-fPIC", "-shared", "-fvisibility=hidden"]


@functools.cache
def twin():
    """The twin, loaded."""
    return DeviceLibrary(os.environ.get(VARIABLE) or built())


def built():
    """The path of a twin of these sources, which is compiled unless that was done before."""
    files = sorted(file for part in ("cuda", "simt") for file in (SOURCES / part).rglob("*.*"))
    contents = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    library = Path(tempfile.gettempdir()) / f"monge-device-twin-{getpass.getuser()}-{contents}.so"
    if not library.exists():
        compiler = shutil.which(os.environ.get("CXX", "c++"))
        if compiler is None:
            pytest.skip("no C++ compiler to build the device library's twin with")
        compile_to(library, compiler, [file for file in files if file.suffix == ".cu"])
    return library


def compile_to(library, compiler, sources):
    """By way of another name, so that two who do so at once do not meet."""
    with tempfile.NamedTemporaryFile(dir=library.parent, suffix=".so") as place:
        definition = '-DMONGE_DEVICE_ARCHITECTURES="cpu"'
        output = ["-o", place.name]
        command = [compiler, *FLAGS, definition, f"-I{SOURCES}", "-x", "c++", *sources, *output]
        subprocess.run(command, check=True, timeout=600)
        os.link(place.name, f"{library}.{os.getpid()}")
        os.replace(f"{library}.{os.getpid()}", library)
