"""Pictures of solutions: what is drawn, not how it looks."""

import sys

import monge
import numpy as np
import pytest
from monge.extras import MissingExtra
from monge.plot import MAX_ARROWS, largest, new_figure, plot_solution

pytest.importorskip("matplotlib")


def solved(n, m, dim, a=None):
    random = np.random.default_rng(0)
    return monge.solve(random.random((n, dim)), random.random((m, dim)), a)


def clouds_of(ax):
    """The two drawn clouds, by their labels."""
    drawn = {points.get_label(): points for points in ax.collections}
    return drawn["x"], drawn["y"]


def test_line_shows_masses_as_opacity():
    a = np.array([0.05, 0.35, 0.6])
    solution = solved(3, 2, 1, a)
    ax = solution.plot()
    x, y = clouds_of(ax)
    np.testing.assert_array_equal(x.get_offsets(), np.insert(solution.x, 1, 0, axis=1))
    np.testing.assert_array_equal(y.get_offsets(), np.insert(solution.y, 1, 1, axis=1))
    (arrows,) = (one for one in ax.collections if hasattr(one, "U"))
    np.testing.assert_allclose(arrows.XY[:, 0], solution.x[solution.plan.rows, 0])
    np.testing.assert_allclose(arrows.XY[:, 0] + arrows.U, solution.y[solution.plan.cols, 0])
    opacity = arrows.get_facecolor()[:, 3]
    order = np.argsort(solution.plan.mass)
    assert (np.diff(opacity[order]) > 0).all()
    np.testing.assert_allclose(opacity.max(), 0.7)


def test_plane():
    solution = solved(8, 8, 2)
    figure = new_figure(4, 4)
    ax = figure.add_subplot()
    assert plot_solution(solution, ax) is ax
    (arrows,) = (one for one in ax.collections if hasattr(one, "U"))
    heads = arrows.XY + np.stack([arrows.U, arrows.V], axis=1)
    np.testing.assert_allclose(arrows.XY, solution.x[solution.plan.rows])
    np.testing.assert_allclose(heads, solution.y[solution.plan.cols])
    assert f"cost {solution.cost:.6g}" in ax.get_title()
    figure.canvas.draw()


def test_space():
    solution = solved(8, 8, 3)
    ax = plot_solution(solution)
    assert ax.name == "3d"
    x, _ = clouds_of(ax)
    np.testing.assert_allclose(np.stack(x._offsets3d, axis=1), solution.x)
    ax.figure.canvas.draw()


def test_identical_clouds_have_no_arrows():
    x = np.random.default_rng(0).random((5, 2))
    ax = plot_solution(monge.solve(x, x))
    assert len(ax.collections) == 2
    plot_solution(monge.solve(np.zeros((2, 3)), np.zeros((2, 3)))).figure.canvas.draw()


def test_at_most_some_hundred_arrows():
    solution = solved(MAX_ARROWS + 100, MAX_ARROWS + 100, 2)
    (arrows,) = (one for one in plot_solution(solution).collections if hasattr(one, "U"))
    assert arrows.N == MAX_ARROWS


def test_largest_first_and_ties_evenly():
    assert sorted(largest(np.array([3.0, 1.0, 2.0]), 2)) == [0, 2]
    assert sorted(largest(np.array([1.0, 2.0]), 5)) == [0, 1]
    mass = np.array([9.0] + [1.0] * 101 + [0.5] * 50)
    assert largest(mass, 6).tolist() == [0, 1, 26, 51, 76, 101]


def test_refusals():
    with pytest.raises(ValueError, match="between point clouds; got one of a cost matrix"):
        plot_solution(monge.solve_cost(np.eye(3)))
    with pytest.raises(ValueError, match="dimension 1, 2 or 3; got dimension 4"):
        plot_solution(solved(3, 3, 4))
    with pytest.raises(ValueError, match="axes for dimension 3 must be 3d; got rectilinear"):
        plot_solution(solved(3, 3, 3), new_figure(2, 2).add_subplot())
    with pytest.raises(ValueError, match="axes for dimension 2 must be rectilinear; got 3d"):
        plot_solution(solved(3, 3, 2), new_figure(2, 2).add_subplot(projection="3d"))


def test_without_matplotlib(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=r'matplotlib.*pip install "monge\[plot\]"'):
        solved(3, 3, 2).plot()
