"""The scripts of examples/ run as docs/examples.md says, here on small sizes."""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("torch")

FOLDER = Path(__file__).parents[2] / "examples"
SMALL = {
    "fit_cloud": "--points 80 --steps 40",
    "folding_decoder": "--side 6 --steps 4 --batch 2 --unseen 5 --seeds 2",
    "minibatch_generator": "--batches 8 64 --steps 40 --unseen 200 --seeds 1",
}


def run(name, words):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main(words)


def test_every_script_is_tested():
    assert set(SMALL) == {path.stem for path in FOLDER.glob("*.py")}


@pytest.mark.parametrize("name", SMALL)
def test_a_script_prints_its_table_and_draws_its_picture(name, tmp_path, capsys):
    picture = tmp_path / "picture.png"
    results = run(name, [*SMALL[name].split(), "--picture", str(picture)])
    printed = capsys.readouterr().out
    assert all(key in printed for key in results)
    assert picture.stat().st_size > 5000
    if name == "fit_cloud":
        assert results["by transport"]["emd"] < 0.2 * results["start"]["emd"]
        assert results["by transport"]["unused"] < results["by chamfer"]["unused"]
    if name == "minibatch_generator":
        assert results["data"] < min(value for key, value in results.items() if key != "data")


def test_a_cloud_is_fitted_to_a_shape_of_a_file(tmp_path):
    shape = tmp_path / "square.off"
    shape.write_text("OFF\n4 2 0\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n3 0 1 2\n3 0 2 3\n")
    results = run("fit_cloud", ["--shape", str(shape), "--points", "50", "--steps", "2"])
    assert results["by transport"]["emd"] < results["start"]["emd"]
