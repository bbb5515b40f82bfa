"""The comparison with peers verifies what it times, keeps to its limits, and can be taken up again.

pytest bench/python/test_compare.py
"""

import json
import math
import sys

import compare
import numpy as np
import pytest
from peers import meshes, report, workloads
from peers.contenders import CONTENDERS
from peers.problems import Problem
from peers.race import Limits, Row, _judge, race
from peers.worker import costs_of

QUICK = Limits(seconds=60, repeats=1)


def small(name):
    return workloads.WORKLOADS[name].draw((20, 20), [])


@pytest.mark.parametrize("name", workloads.WORKLOADS)
def test_workloads_draw_what_they_name(name):
    for module in workloads.WORKLOADS[name].modules:
        pytest.importorskip(module)
    draw = workloads.WORKLOADS[name].draw
    batch = draw((12, 12), [])
    assert len(batch) == (32 if name == "batch" else 1)
    for problem, again in zip(batch, draw((12, 12), []), strict=True):
        assert problem.shape == (12, 12)
        np.testing.assert_array_equal(problem.matrix(), again.matrix())
        assert (problem.matrix() >= 0).all()
        assert problem.is_assignment == (not name.startswith("weighted"))
        for masses in problem.masses:
            assert masses.sum() == pytest.approx(1)


def test_meshes_are_sampled(tmp_path):
    trimesh = pytest.importorskip("trimesh")
    files = [str(tmp_path / name) for name in ("ball.ply", "box.ply")]
    trimesh.creation.icosphere().export(files[0])
    trimesh.creation.box().export(files[1])
    for chosen in (files, files[:1]):
        (problem,) = workloads.WORKLOADS["mesh"].draw((50, 50), chosen)
        assert problem.x.shape == problem.y.shape == (50, 3)
        assert not np.array_equal(problem.x, problem.y)
        assert np.ptp(problem.x, axis=0).max() == pytest.approx(1)


@pytest.mark.parametrize("draw", [meshes.bunny, meshes.cortex])
def test_meshes_of_packages_are_surfaces(draw):
    for module in meshes.MODULES:
        pytest.importorskip(module)
    near, far = (distances(draw(count, seed=1)) for count in (100, 1600))
    # On a surface, 16 times the points are 4 times as close.
    assert 2.5 < near / far < 6


def distances(points):
    """The mean distance to the nearest other point."""
    steps = np.sqrt(((points[:, None] - points) ** 2).sum(axis=2))
    np.fill_diagonal(steps, np.inf)
    return steps.min(axis=1).mean()


def test_matrix_products_are_distances():
    x, y = np.random.default_rng(0).random((2, 10, 100)).astype(np.float32)
    expected = np.sqrt(((x[:, None].astype(float) - y) ** 2).sum(axis=2))
    np.testing.assert_allclose(Problem(x, y, "euclidean").matrix(), expected, rtol=1e-12)


@pytest.mark.parametrize("name", CONTENDERS)
def test_contenders_find_the_optimum(name):
    contender = CONTENDERS[name]
    if not contender.is_installed():
        pytest.skip(f"{contender.distribution} is not installed")
    solve = contender.make()
    for workload in ("sphere_torus_sq", "uniform", "batch"):
        batch = small(workload)
        if not contender.serves(batch[0]):
            continue
        right = CONTENDERS["SciPy"].make()(batch)
        for problem, columns, answer in zip(batch, right, solve(batch), strict=True):
            (cost,) = costs_of([problem], [answer])
            assert cost == pytest.approx(problem.cost_of(columns), rel=1e-9)
    assert contender.version()


def test_a_race_verifies_and_times():
    monge, scipy = race("uniform", (60, 60), ["monge", "SciPy"], QUICK)
    for row in (monge, scipy):
        assert row.status == "ok"
        assert row.seconds > 0
        assert row.runs == 1
        assert 0 <= row.error <= 1e-9
        assert row.memory is None or row.memory >= 0


def test_wrong_answers_have_no_time():
    row = Row("uniform", 2, 2, "fastlap.auction", "0")
    _judge(row, {"memory": 1.0, "costs": [1.0 + 1e-6]}, [1.0])
    assert row.status == "wrong by 1.0e-06"
    assert report.seconds_of(row, "wall") is None
    row = Row("uniform", 2, 2, "SciPy", "0")
    _judge(row, {"memory": 1.0, "costs": [math.nan]}, [1.0])
    assert row.status.startswith("wrong")
    with pytest.raises(ValueError, match="no permutation"):
        Problem(cost_matrix=np.eye(2)).cost_of(np.array([0, 0]))


def test_without_a_proof_nothing_is_verified():
    monge = Row("uniform", 2, 2, "monge", "0")
    assert _judge(monge, {"memory": None, "costs": [1.0], "gap": 1e-3}, None) is None
    assert monge.status == "not proved: relative gap 1.0e-03"
    row = Row("uniform", 2, 2, "SciPy", "0")
    _judge(row, {"memory": None, "costs": [1.0]}, None)
    assert row.status.startswith("not verified")


def test_limits_end_a_peers_run():
    limits = Limits(seconds=0.01, repeats=1)
    monge, scipy = race("uniform", (1500, 1500), ["monge", "SciPy"], limits)
    assert monge.status == "ok"
    assert scipy.status == "over 0.01 s"
    assert scipy.seconds is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory")
def test_memory_is_limited():
    rows = race("sphere_torus", (1500, 1500), ["monge", "SciPy"], Limits(memory=10, repeats=1))
    assert rows[1].status == "over the memory limit"


def arguments(folder, *more):
    files = ["--json", str(folder / "rows.json"), "--markdown", str(folder / "table.md")]
    return ["--contenders", "SciPy", "--repeats", "1", "--sizes", "20,30", *files, *more]


def test_the_command_writes_and_resumes(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "rows.png"
    assert compare.main(arguments(tmp_path, "--only", "uniform", "--plot", str(picture))) == 0
    written = (tmp_path / "rows.json").read_text()
    rows = json.loads(written)["rows"]
    assert [row["contender"] for row in rows] == ["monge", "SciPy"] * 2
    table = (tmp_path / "table.md").read_text()
    assert table in capsys.readouterr().out
    titles, rule, monge, scipy, best = table.splitlines()[2:]
    assert titles.split() == ["|", "contender", "|", "20", "|", "30", "|"]
    assert set(rule) <= set("| -")
    assert monge.startswith("| monge ")
    assert scipy.startswith("| SciPy ")
    assert "x" in scipy
    assert best.startswith("| best peer / monge | ")
    assert picture.stat().st_size > 10_000

    compare.main(arguments(tmp_path, "--only", "dense"))
    assert "in the file already" in capsys.readouterr().err
    compare.main(arguments(tmp_path, "--report"))
    assert (tmp_path / "rows.json").read_text() == written
    assert (tmp_path / "table.md").read_text() == table


def test_who_is_over_a_limit_is_not_tried_at_larger_sizes():
    small = Row("uniform", 10, 10, "SciPy", "1", status="over 5 s")
    beyond = {"SciPy": "over a limit at a smaller size"}
    assert compare._beyond([small], "uniform", (20, 20), QUICK) == beyond
    assert compare._beyond([small], "uniform", (10, 10), QUICK) == {}
    assert compare._beyond([small], "batch", (20, 20), QUICK) == {}
    rows = race("uniform", (20, 20), ["SciPy"], QUICK, skipped=beyond)
    assert [row.status for row in rows] == list(beyond.values())
    # And its row hands the limit on.
    assert compare._beyond(rows, "uniform", (40, 40), QUICK) == beyond


def test_who_would_be_over_the_time_limit_is_not_tried():
    row = Row("uniform", 10, 10, "SciPy", "1", seconds=QUICK.seconds / 5)
    assert QUICK.beyond(row, (20, 20)) is None
    assert QUICK.beyond(row, (30, 30)) == "would take over 60 s"


def test_monge_runs_alone_where_peers_cannot(tmp_path, capsys):
    file = tmp_path / "rows.json"
    assert compare.main(["--only", "large", "--sizes", "40", "--json", str(file)]) == 0
    assert "monge" in capsys.readouterr().out
    (row,) = json.loads(file.read_text())["rows"]
    assert row["status"] == "ok"
    assert 0 <= row["error"] <= 1e-9


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--only", "uniforms"], "'uniforms' is none of"),
        (["--contenders", "numpy"], "'numpy' is none of"),
        (["--sizes", "2,"], "a size is N or NxM"),
        (["--sizes", "0"], "a size is N or NxM"),
        (["--sizes", "3y4"], "a size is N or NxM"),
        (["--report"], "--report needs a file"),
    ],
)
def test_bad_arguments(wrong, message, capsys):
    with pytest.raises(SystemExit):
        compare.main(wrong)
    assert message in capsys.readouterr().err


def test_the_list_names_all(capsys):
    assert compare.main(["--list"]) == 0
    listed = capsys.readouterr().out
    for name in (*workloads.SECTIONS, *workloads.WORKLOADS, *CONTENDERS):
        assert f"{name}:" in listed
