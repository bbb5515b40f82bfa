"""Every code block of README.md and of docs/*.md runs as written."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from monge.cli import main

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Commands that are not run here: they build or test the project itself.
OUTSIDE = (
    *("pip", "pytest", "cmake", "ctest", "nox", "build/", "python -m", "python tools"),
    *("toolkit=", "CUDACXX=", "LIBRARY_PATH="),
    *("python bench/", "python examples/"),  # by tests of their own
)


def blocks(language):
    for path in [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
    ]:
        found = [code for kind, code in BLOCK.findall(path.read_text()) if kind == language]
        for k, code in enumerate(found):
            yield pytest.param(code, id=f"{path.name}-{k}")


def test_the_readme_has_code():
    assert len(list(blocks("python"))) >= 1
    assert len(list(blocks("bash"))) >= 3


@pytest.mark.parametrize("code", list(blocks("python")))
def test_python(code, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    if "torch" in code:
        pytest.importorskip("torch")
    exec(compile(code, "<block>", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("code", list(blocks("bash")))
def test_commands(code, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("a.npy", "b.npy"):
        np.save(name, rng.normal(size=(20, 3)))
    np.save("costs.npy", rng.random((20, 30)))
    for name in ("generated.npy", "real.npy"):
        np.save(name, rng.normal(size=(4, 20, 3)))
    Path("examples").symlink_to(ROOT / "examples")
    if "monge train" in code:
        pytest.importorskip("torch")
    lines = [line.split("#")[0] for line in code.splitlines()]
    for command in " && ".join(lines).split("&&"):
        words = shlex.split(command)
        if not words or command.strip().startswith(OUTSIDE):
            continue
        assert words[0] == "monge", f"this test does not know how to run {command!r}"
        assert main(words[1:]) == 0
    if "monge demo" in code:
        assert Path("monge-demo.png").stat().st_size > 10_000
