"""`progress=True`: a bar that follows the solve, and what it needs."""

import io
import subprocess
import sys

import monge
import numpy as np
import pytest
from monge.extras import MissingExtra
from monge.progress import reporter

CLOUDS = np.random.default_rng(0).normal(size=(2, 300, 3))


def needs_tqdm():
    return pytest.importorskip("tqdm")


@pytest.mark.parametrize("function", [monge.emd, monge.solve, monge.wasserstein])
def test_clouds_draw_a_bar_on_stderr(function, capsys):
    needs_tqdm()
    function(*CLOUDS, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "%|" in err


def test_cost_matrices_and_batches_draw_one_too(capsys):
    needs_tqdm()
    monge.solve_cost(np.random.default_rng(0).random((300, 300)), progress=True)
    assert "%|" in capsys.readouterr().err
    monge.emd(np.repeat(CLOUDS[:1], 4, axis=0), np.repeat(CLOUDS[1:], 4, axis=0), progress=True)
    assert "%|" in capsys.readouterr().err


def test_the_answer_is_the_same(capsys):
    needs_tqdm()
    assert monge.emd(*CLOUDS, progress=True) == monge.emd(*CLOUDS)


@pytest.mark.parametrize("silent", [None, False])
def test_silence(silent, capsys):
    monge.emd(*CLOUDS, progress=silent)
    assert capsys.readouterr() == ("", "")


def test_a_bar_shows_phase_and_fraction(monkeypatch):
    needs_tqdm()
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with reporter(True) as report:
        report("first", 0.25)
        assert "first:  25%|" in stream.getvalue()
        for _ in range(3):  # the bar stays, and does not fail, where the fraction stays
            report("first", 0.25)
        report("second", 0.0)
        report("second", 1.0)
    last = stream.getvalue().rpartition("\r")[2]
    assert last.startswith("second: 100%|")
    assert last.endswith("\n")  # closed: what follows is on a line of its own


def test_a_bar_is_closed_when_the_solve_fails(monkeypatch):
    needs_tqdm()
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with pytest.raises(ValueError, match="not_an_option"):
        monge.emd(*CLOUDS, progress=True, not_an_option=1)
    assert stream.getvalue().endswith("\n")


def test_without_tqdm_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(MissingExtra, match=r'this needs tqdm.*pip install "monge\[progress\]"'):
        monge.emd(*CLOUDS, progress=True)


def test_the_progress_of_a_batch_is_the_part_solved():
    calls = []
    x = np.random.default_rng(0).normal(size=(80, 500, 3))
    monge.emd(x, x[::-1], threads=2, progress=lambda *call: calls.append(call))
    assert calls
    assert {phase for phase, _ in calls} == {"batch"}
    fractions = [fraction for _, fraction in calls]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] <= 1


def test_command_line(tmp_path):
    needs_tqdm()
    for name, cloud in zip("xy", CLOUDS, strict=True):
        np.save(tmp_path / f"{name}.npy", cloud)
    command = [sys.executable, "-m", "monge", "emd", "x.npy", "y.npy", "--json"]
    quiet, loud = (
        subprocess.run(one, cwd=tmp_path, capture_output=True, text=True, check=True)
        for one in (command, [*command, "--progress"])
    )
    assert "%|" not in quiet.stderr
    assert "%|" in loud.stderr
    assert loud.stdout.partition('"seconds"')[0] == quiet.stdout.partition('"seconds"')[0]
