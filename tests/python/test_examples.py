"""The scripts of examples/ run as docs/examples.md says, here on small sizes."""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("torch")

FOLDER = Path(__file__).parents[2] / "examples"


def run(name, words):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main(words)


def test_fit_cloud_prints_its_table_and_draws_its_picture(tmp_path, capsys):
    picture = tmp_path / "picture.png"
    words = ["--points", "80", "--steps", "40", "--picture", str(picture)]
    results = run("fit_cloud", words)
    printed = capsys.readouterr().out
    assert all(key in printed for key in results)
    assert picture.stat().st_size > 5000
    assert results["by transport"]["emd"] < 0.2 * results["start"]["emd"]
    assert results["by transport"]["unused"] < results["by chamfer"]["unused"]


def test_a_cloud_is_fitted_to_a_shape_of_a_file(tmp_path):
    shape = tmp_path / "square.off"
    shape.write_text("OFF\n4 2 0\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n3 0 1 2\n3 0 2 3\n")
    results = run("fit_cloud", ["--shape", str(shape), "--points", "50", "--steps", "2"])
    assert results["by transport"]["emd"] < results["start"]["emd"]
