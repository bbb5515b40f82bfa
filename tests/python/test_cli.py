"""The `monge` command: what it prints, saves and returns."""

import json
import os
import struct
import subprocess
import sys

import monge
import numpy as np
import pytest
from monge import _core, demo
from monge.cli import main


@pytest.fixture
def clouds(tmp_path):
    """Two clouds, and the files that hold them."""
    x, y = np.random.default_rng(0).random((2, 40, 3))
    np.save(tmp_path / "x.npy", x)
    np.savetxt(tmp_path / "y.csv", y, delimiter=",", header="a,b,c", fmt="%.17g")
    return x, y, [str(tmp_path / "x.npy"), str(tmp_path / "y.csv")]


def run_json(capsys, *argv):
    assert main([*argv, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def table(text):
    return {line[:16].strip(): line[16:] for line in text.splitlines()}


def refusal(capfd, *argv):
    """The message of a refused command: one line, no output, exit code 2."""
    assert main(argv) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("monge: error: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err[len("monge: error: ") : -1]


def test_table(clouds, capsys):
    x, y, files = clouds
    assert main(["emd", *files]) == 0
    rows = table(capsys.readouterr().out)
    assert float(rows["cost"]) == monge.emd(x, y)
    assert float(rows["lower bound"]) == monge.solve(x, y).lower_bound
    assert float(rows["relative gap"]) <= 1e-9
    assert float(rows["marginal error"]) <= 1e-12
    assert rows["status"] == "optimal"
    assert rows["solver"].split(",")[0] in monge.solvers()
    assert rows["points"] == "40 to 40, dimension 3"
    assert rows["ground cost"] == "euclidean"


def test_json_is_exact(clouds, capsys):
    x, y, files = clouds
    report = run_json(capsys, "emd", *files)
    solution = monge.solve(x, y)
    for name in (
        "cost",
        "lower_bound",
        "gap",
        "relative_gap",
        "marginal_error",
        "status",
        "solver",
    ):
        assert report[name] == getattr(solution, name)
    assert report["stats"] == dict(solution.stats)
    assert (report["n"], report["m"], report["dimension"]) == (40, 40, 3)
    assert report["seconds"] > 0


@pytest.mark.parametrize("cost", _core.ground_cost_names())
def test_every_cost(clouds, capsys, cost):
    x, y, files = clouds
    power = ["--power", "1.5"] if cost == "euclidean_power" else []
    expected = (cost, 1.5) if power else cost
    report = run_json(capsys, "emd", *files, "--cost", cost, *power)
    assert report["cost"] == monge.emd(x, y, cost=expected)
    assert report["ground_cost"] == ([cost, 1.5] if power else cost)


def test_wasserstein(clouds, capsys):
    x, y, files = clouds
    report = run_json(capsys, "emd", *files, "--p", "2")
    assert report["cost"] == monge.emd(x, y, cost="sqeuclidean")
    assert report["wasserstein"] == monge.wasserstein(x, y, p=2)
    assert main(["emd", *files, "--p", "2"]) == 0
    assert float(table(capsys.readouterr().out)["W_2"]) == report["wasserstein"]


def test_masses(tmp_path, capsys):
    a, b = np.array([0.25, 0.75]), np.array([0.5, 0.125, 0.375])
    for name, array in {"x": [[0.0], [1.0]], "y": [[2.0], [5.0], [3.0]], "a": a, "b": b}.items():
        np.save(tmp_path / f"{name}.npy", array)
    x, y, a_file, b_file = (str(tmp_path / f"{name}.npy") for name in "xyab")
    report = run_json(capsys, "emd", x, y, "--a", a_file, "--b", b_file)
    # Means: the plan is monotone and moves all mass to the right.
    assert report["cost"] == pytest.approx(1.0 + 0.625 + 1.125 - 0.75, rel=1e-12)


@pytest.mark.parametrize("suffix", ["npz", "csv"])
def test_plan_has_the_reported_cost(clouds, capsys, tmp_path, suffix):
    x, y, files = clouds
    plan = tmp_path / f"plan.{suffix}"
    report = run_json(capsys, "emd", *files, "--cost", "sqeuclidean", "--plan", str(plan))
    if suffix == "npz":
        with np.load(plan) as saved:
            rows, cols, mass = saved["rows"], saved["cols"], saved["mass"]
    else:
        rows, cols, mass = np.loadtxt(plan, delimiter=",", skiprows=1).T
        rows, cols = rows.astype(int), cols.astype(int)
    cost = (mass * ((x[rows] - y[cols]) ** 2).sum(axis=1)).sum()
    assert cost == pytest.approx(report["cost"], rel=1e-12)
    np.testing.assert_allclose(np.bincount(rows, mass), np.full(40, 1 / 40))
    np.testing.assert_allclose(np.bincount(cols, mass), np.full(40, 1 / 40))


def test_settings_reach_the_solver(clouds, capsys):
    _, _, files = clouds
    chosen = ["--solver", "auction", "--set", "order=jacobi", "--set", "epsilon_ratio=7"]
    x, y, _ = clouds
    expected = monge.solve(x, y, solver="auction", order="jacobi", epsilon_ratio=7, threads=1)
    report = run_json(capsys, "emd", *files, *chosen, "--set", "list_size=8", "--threads", "1")
    assert report["solver"] == "auction"
    assert report["cost"] == pytest.approx(expected.cost, rel=1e-12)
    report = run_json(capsys, "emd", *files, *chosen, "--threads", "1")
    assert report["stats"] == dict(expected.stats)


def test_rtol(clouds, capsys):
    x, y, files = clouds
    report = run_json(capsys, "emd", *files, "--rtol", "0.3")
    assert report["relative_gap"] <= 0.3
    assert report["lower_bound"] <= monge.emd(x, y) <= report["cost"]


def test_limit_is_no_optimum(tmp_path, capsys):
    x, y = np.random.default_rng(0).random((2, 300, 3))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    argv = ["emd", str(tmp_path / "x.npy"), str(tmp_path / "y.npy"), "--time-limit", "0"]
    assert main(argv) == 3
    rows = table(capsys.readouterr().out)
    assert rows["status"] == "time_limit"
    assert float(rows["lower bound"]) <= monge.emd(x, y) < float(rows["cost"])


def test_samples_of_surfaces(tmp_path, capsys):
    pytest.importorskip("trimesh")
    off = "OFF\n3 1 0\n{0} 0 0\n{0} 1 0\n{0} 0 1\n3 0 1 2\n"
    files = [str(tmp_path / name) for name in ("low.off", "high.off")]
    for height, file in enumerate(files):
        with open(file, "w") as stream:
            stream.write(off.format(3 * height))
    first = run_json(
        capsys, "emd", *files, "--samples", "50", "--seed", "4", "--cost", "sqeuclidean"
    )
    assert (first["n"], first["m"]) == (50, 50)
    # One seed for both: the same points, 3 apart.
    assert first["cost"] == pytest.approx(9, rel=1e-12)
    again = run_json(
        capsys, "emd", *files, "--samples", "50", "--seed", "4", "--cost", "sqeuclidean"
    )
    assert again["cost"] == first["cost"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--cost", "taxi"], "argument --cost: invalid choice: 'taxi'"),
        (["--cost", "euclidean_power"], "--cost euclidean_power and --power need each other"),
        (["--power", "2"], "--cost euclidean_power and --power need each other"),
        (["--p", "2", "--cost", "euclidean"], "give no --cost or --power with it"),
        (["--p", "2", "--power", "2"], "give no --cost or --power with it"),
        (["--p", "0.5"], "p must be finite and at least 1; got 0.5"),
        (["--solver", "magic"], 'solver must be one of "auto"'),
        (["--solver", "sorting_1d"], 'solver "sorting_1d" cannot serve this problem'),
        (["--set", "list_size"], "--set list_size: must be NAME=VALUE"),
        (["--set", "magic=1"], "--set magic=1: no option of a solver"),
        (["--set", "rtol=1"], "--set rtol=1: no option of a solver"),
        (["--set", "list_size=2", "--set", "list_size=3"], "--set list_size=3: given twice"),
        (["--solver", "auction", "--set", "list_size=many"], "must be a whole number"),
        (["--solver", "auction", "--set", "epsilon_ratio=x"], "the value must be a number"),
        (["--solver", "auction", "--set", "epsilon_ratio=1"], "at least 1.1"),
        (["--solver", "auction", "--set", "order=random"], 'option "order" must be one of'),
        (["--solver", "hungarian", "--set", "list_size=4"], 'options of solver "hungarian"'),
        (["--rtol", "2"], "rtol must be a number from 0 to 1; got 2.0"),
        (["--threads", "0"], "threads must be a whole number from 1 to 4096; got 0"),
        (["--threads", "two"], "argument --threads: invalid int value: 'two'"),
        (["--time-limit", "-1"], "time_limit must be a number of seconds >= 0"),
        (["--samples", "9"], "--samples is for surfaces"),
        (["--seed", "9"], "--seed is for surfaces"),
        (["--plan", "plan.txt"], "plan.txt: the name must end in .npz or .csv"),
        (["--plan", "absent/plan.npz"], "absent/plan.npz: no folder"),
        (["--a", "absent.npy"], "absent.npy: No such file"),
        (["--unknown"], "unrecognized arguments: --unknown"),
    ],
)
def test_bad_arguments(clouds, capfd, arguments, reason):
    assert reason in refusal(capfd, "emd", *clouds[2], *arguments)


def test_bad_values_name_the_file(clouds, capfd, tmp_path):
    _, _, (x, y) = clouds
    flat, few = str(tmp_path / "flat.csv"), str(tmp_path / "few.csv")
    np.savetxt(flat, np.zeros((40, 2)))
    np.savetxt(few, [1.0, 2.0])
    message = refusal(capfd, "emd", x, flat)
    assert message == f"{flat}: y must have the dimension of x, 3; got dimension 2"
    message = refusal(capfd, "emd", x, y, "--b", few)
    assert message == f"{few}: b must have one mass per point, 40; got 2"


def test_bad_commands(capfd):
    assert "required: Y" in refusal(capfd, "emd", "x.npy")
    assert "invalid choice: 'fly'" in refusal(capfd, "fly")
    assert "demo.pdf: the name must end in .png" in refusal(capfd, "demo", "--output", "demo.pdf")
    assert "--seed must be a whole number from 0" in refusal(capfd, "demo", "--seed", "-1")


def test_solvers(capsys):
    assert main(["solvers"]) == 0
    text = capsys.readouterr().out
    for name, solver in monge.solvers().items():
        assert f"{name}: {solver['summary']}" in text
        for option, info in solver["options"].items():
            assert f"--set {option}=" in text
            assert info["meaning"] in text
    assert "--set epsilon_ratio=5: " in text
    assert "(from 1.1 to 1e+06)" in text
    assert "(gauss_seidel or jacobi)" in text
    assert run_json(capsys, "solvers") == monge.solvers()


def test_help_and_version(capsys):
    assert main([]) == 0
    text = capsys.readouterr().out
    for command in ("demo", "emd", "solvers"):
        assert command in text
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"monge {monge.__version__}\n"


def test_interrupt(clouds, capsys, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(monge, "solve", interrupted)
    assert main(["emd", *clouds[2]]) == 130
    assert capsys.readouterr() == ("", "")


def test_module_loads_no_optional_library():
    code = (
        "import sys; from monge.cli import main; main(['solvers'])\n"
        "print({'matplotlib', 'trimesh', 'scipy', 'pygsp'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.endswith("\nset()\n")
    ran = subprocess.run([sys.executable, "-m", "monge", "emd"], check=False, capture_output=True)
    assert ran.returncode == 2
    assert ran.stderr.startswith(b"monge: error: ")


@pytest.mark.skipif(os.name != "posix", reason="pipes break in another way")
def test_reader_that_leaves():
    argv = [sys.executable, "-m", "monge", "solvers"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        command.stdout.close()
        assert command.wait(timeout=600) == 141
        assert command.stderr.read() == b""


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_demo(tmp_path, capsys, monkeypatch, step):
    for library in ("matplotlib", "scipy", "pygsp"):
        pytest.importorskip(library)
    bunny = demo.bunny()[::step]
    monkeypatch.setattr(demo, "bunny", lambda: bunny)
    drawn = []
    draw = demo.save_picture
    monkeypatch.setattr(demo, "save_picture", lambda *given: (drawn.append(given), draw(*given)))
    output = tmp_path / "bunny.png"
    assert main(["demo", "--output", str(output), "--seed", "5"]) == 0
    rows = table(capsys.readouterr().out)
    ((path, solution),) = drawn
    assert path == output
    assert rows["picture"] == str(output)
    assert float(rows["cost"]) == solution.cost
    assert float(rows["relative gap"]) <= 1e-9
    assert rows["points"] == f"{len(bunny)} to {len(bunny)}, dimension 3"

    torus = demo.torus(len(bunny), seed=5)
    points, mass = solution.interpolate(1)
    np.testing.assert_array_equal(np.unique(points, axis=0), np.unique(bunny, axis=0))
    np.testing.assert_allclose(mass, 1 / len(bunny))
    np.testing.assert_array_equal(solution.interpolate(0)[0], torus[solution.plan.rows])

    header = output.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    assert struct.unpack(">II", header[16:]) == (1650, 1260)
    assert 100_000 < output.stat().st_size < 1_000_000


def test_demo_shapes():
    pytest.importorskip("scipy")
    pytest.importorskip("pygsp")
    torus, bunny = demo.shapes(seed=1)
    assert bunny.shape == torus.shape == (2503, 3)
    np.testing.assert_allclose(np.ptp(bunny[:, 1]), 1)  # upright: the height is along y
    np.testing.assert_allclose(bunny.max(axis=0), -bunny.min(axis=0), atol=1e-12)
    # On the torus: 0.15 from the circle of radius 0.35; spread by area, so centred.
    ring = np.hypot(torus[:, 0], torus[:, 1]) - 0.35
    np.testing.assert_allclose(np.hypot(ring, torus[:, 2]), 0.15)
    np.testing.assert_allclose(torus.mean(axis=0), 0, atol=0.01)
    # By Pappus the outer half has the share 1/2 + tube / (pi ring) of the area.
    np.testing.assert_allclose((ring > 0).mean(), 0.5 + 0.15 / (np.pi * 0.35), atol=0.01)
    np.testing.assert_array_equal(demo.torus(2503, seed=1), torus)
    assert not np.array_equal(demo.torus(2503, seed=2), torus)


def test_demo_without_its_extra(tmp_path, capfd, monkeypatch):
    argv = ["demo", "--output", str(tmp_path / "demo.png")]
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "matplotlib", None)
        assert 'pip install "monge[demo]"' in refusal(capfd, *argv)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "matplotlib", sys)
        patch.setattr(demo, "find_spec", lambda name: None)
        message = refusal(capfd, *argv)
    assert "pygsp" in message
    assert 'pip install "monge[demo]"' in message
    assert list(tmp_path.iterdir()) == []


def test_solve(tmp_path, capsys):
    costs = np.random.default_rng(0).random((5, 7))
    costs[0, :3] = np.inf
    np.save(tmp_path / "c.npy", costs)
    report = run_json(capsys, "solve", str(tmp_path / "c.npy"), "--plan", str(tmp_path / "p.csv"))
    solution = monge.solve_cost(costs)
    assert report["cost"] == solution.cost
    assert (report["n"], report["m"], report["status"]) == (5, 7, "optimal")
    assert (tmp_path / "p.csv").exists()
    assert main(["solve", str(tmp_path / "c.npy")]) == 0
    assert table(capsys.readouterr().out)["costs"] == "5 x 7"


def test_solve_without_a_plan(tmp_path, capsys):
    np.save(tmp_path / "c.npy", [[1, np.inf], [2, np.inf]])
    assert main(["solve", str(tmp_path / "c.npy"), "--json"]) == 3
    report = json.loads(capsys.readouterr().out)
    assert (report["status"], report["cost"]) == ("infeasible", None)


def test_solve_names_the_file(tmp_path, capfd):
    np.save(tmp_path / "c.npy", [[1.0, np.nan]])
    message = refusal(capfd, "solve", str(tmp_path / "c.npy"))
    assert "c.npy: costs must be numbers or +inf; got nan at [0, 1]" in message
    np.save(tmp_path / "line.npy", np.ones(3))
    assert "costs have shape (n, m)" in refusal(capfd, "solve", str(tmp_path / "line.npy"))


def test_metrics(tmp_path, capsys):
    samples, references = np.random.default_rng(0).random((2, 4, 20, 3))
    files = [str(tmp_path / "s.npy"), str(tmp_path / "r.npy")]
    np.save(files[0], samples)
    np.save(files[1], references)
    scores = run_json(capsys, "metrics", *files, "--distance", "emd")
    assert scores == monge.metrics.generation(samples, references, distances=["emd"])
    assert main(["metrics", *files]) == 0
    assert "1-NNA-CD" in capsys.readouterr().out


def test_bench(capfd):
    rows = run_json(capfd, "bench", "--n", "20", "--repeats", "1")
    assert {row["solver"] for row in rows} >= {"multiscale_simplex", "hungarian", "auction"}
    assert len({round(row["cost"], 12) for row in rows}) == 1
    assert "sorting_1d" in refusal(capfd, "bench", "--n", "20", "--solver", "sorting_1d")
    assert "--n must be at least 1" in refusal(capfd, "bench", "--n", "0")
