"""Distances between sets of clouds, and the scores of generated clouds."""

import monge
import monge.metrics.work
import numpy as np
import pytest
from grading import ground_costs
from monge.metrics import generation, pairwise
from monge.metrics.bounds import lower_bounds
from monge.metrics.store import Store
from scipy.optimize import linear_sum_assignment


def shapes(count, n, seed, dim=3, spread=1.0):
    """Clouds on ellipsoids of different axes: some alike, some not."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, n, dim))
    points /= np.linalg.norm(points, axis=2, keepdims=True)
    return points * rng.uniform(0.2, 1.5, size=(count, 1, dim)) + spread * rng.normal(
        size=(count, 1, dim)
    )


def emd_by_scipy(x, y, squared=False):
    costs = ground_costs(x, y, "sqeuclidean" if squared else "euclidean")
    return costs[linear_sum_assignment(costs)].mean()


def chamfer_by_numpy(x, y):
    squares = ground_costs(x, y, "sqeuclidean")
    return squares.min(1).mean() + squares.min(0).mean()


def matrix(a, b, distance):
    return np.array([[distance(x, y) for y in b] for x in a])


def pointflow(samples, references, distance):
    """PointFlow's scores written out: its `lgan_mmd_cov` and `knn` for k = 1."""
    rs, rr, ss = (
        matrix(*pair, distance)
        for pair in ((references, samples), (references, references), (samples, samples))
    )
    sr = rs.T
    whole = np.block([[rr, rs], [rs.T, ss]]) + np.diag(np.full(len(rr) + len(ss), np.inf))
    label = np.concatenate([np.ones(len(rr)), np.zeros(len(ss))])
    predicted = label[whole.argmin(axis=0)]
    true_positive = (predicted * label).sum()
    true_negative = ((1 - predicted) * (1 - label)).sum()
    return {
        "lgan_mmd-{}": sr.min(axis=0).mean(),
        "lgan_cov-{}": len(np.unique(sr.argmin(axis=1))) / sr.shape[1],
        "lgan_mmd_smp-{}": sr.min(axis=1).mean(),
        "1-NN-{}-acc": (predicted == label).mean(),
        "1-NN-{}-acc_t": true_positive / label.sum(),
        "1-NN-{}-acc_f": true_negative / (1 - label).sum(),
    }


@pytest.mark.parametrize("spread", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("skip", [True, False])
def test_scores_are_pointflow_s(spread, skip):
    samples, references = shapes(9, 32, 0, spread=spread), shapes(7, 32, 1, spread=spread)
    result = generation(samples, references, names="pointflow", skip=skip)
    expected = {}
    for label, distance in (("CD", chamfer_by_numpy), ("EMD", emd_by_scipy)):
        values = pointflow(samples, references, distance)
        expected |= {name.format(label): value for name, value in values.items()}
    assert set(result) == set(expected)
    for name, value in expected.items():
        assert abs(result[name] - value) <= 1e-12 * max(1, abs(value)), name


def test_scores_of_sets_that_share_clouds():
    """Ties between equal clouds, and an identical set: COV 1, MMD 0."""
    clouds = shapes(6, 16, 0)
    same = generation(clouds, clouds.copy(), distances=["emd"])
    assert same["MMD-EMD"] == same["MMD-samples-EMD"] == 0
    assert same["COV-EMD"] == 1
    assert same["1-NNA-EMD"] == 0
    repeated = generation(np.repeat(clouds[:1], 5, axis=0), clouds, distances=["emd", "chamfer"])
    for label in ("EMD", "CD"):
        assert repeated[f"COV-{label}"] == 1 / 6
        assert repeated[f"1-NNA-samples-{label}"] == 4 / 5 or repeated[f"MMD-{label}"] > 0


def test_squared_costs_of_other_evaluations():
    samples, references = shapes(5, 20, 0), shapes(5, 20, 1)
    result = generation(samples, references, distances=["emd"], cost="sqeuclidean")
    values = pointflow(samples, references, lambda x, y: emd_by_scipy(x, y, squared=True))
    assert abs(result["MMD-EMD"] - values["lgan_mmd-{}"]) <= 1e-12
    assert result["COV-EMD"] == values["lgan_cov-{}"]
    assert result["1-NNA-EMD"] == values["1-NN-{}-acc"]


def test_bounds_skip_pairs_and_change_nothing(monkeypatch):
    samples, references = shapes(12, 24, 0, spread=3.0), shapes(12, 24, 1, spread=3.0)
    solved = []
    original = monge.metrics.work.emd
    monkeypatch.setattr(
        monge.metrics.work, "emd", lambda x, y, **how: solved.extend(x) or original(x, y, **how)
    )
    with_bounds = generation(samples, references, distances=["emd"], threads=1)
    fewer = len(solved)
    assert with_bounds == generation(samples, references, distances=["emd"], threads=1, skip=False)
    assert len(solved) - fewer == 24 * 23 // 2
    assert fewer <= 0.6 * (len(solved) - fewer)


@pytest.mark.parametrize(
    "cost",
    ["euclidean", "sqeuclidean", "cityblock", "chebyshev", ("euclidean_power", 1.5)],
    ids=str,
)
@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_bounds_are_below_every_cost(cost, offset):
    clouds = [*shapes(5, 12, 0, spread=0.3), *shapes(1, 12, 1)[[0, 0]]]
    clouds = [cloud + offset for cloud in clouds]
    bounds = lower_bounds(clouds, cost)
    costs = pairwise(clouds, cost=cost)
    assert (bounds <= costs).all()
    assert (bounds >= 0).all()
    if offset == 0:
        assert bounds.max() >= 0.5 * costs.max()
    ragged = [cloud[: 5 + k] for k, cloud in enumerate(clouds)]
    assert (lower_bounds(ragged, cost) >= 0).all()


def test_pairwise():
    a, b = shapes(3, 10, 0), shapes(4, 10, 1)
    np.testing.assert_allclose(pairwise(a, b), matrix(a, b, emd_by_scipy), rtol=1e-12)
    np.testing.assert_allclose(
        pairwise(list(a)), matrix(a, a, emd_by_scipy), rtol=1e-12, atol=1e-15
    )
    within = pairwise(b, b)
    assert (within == within.T).all()
    assert (np.diag(within) == 0).all()
    np.testing.assert_allclose(
        pairwise(a, b, distance="chamfer"), matrix(a, b, chamfer_by_numpy), rtol=1e-12
    )
    assert pairwise(a, b[:0]).shape == (3, 0)
    single = pairwise(a.astype(np.float32), b.astype(np.float32))
    np.testing.assert_allclose(single, pairwise(a, b), rtol=1e-6)


def test_a_stopped_computation_goes_on_from_its_file(tmp_path, monkeypatch):
    a, b = shapes(6, 12, 0), shapes(6, 12, 1)
    file = tmp_path / "distances.npz"
    expected = pairwise(a, b)
    monkeypatch.setattr(Store, "SECONDS", 0.0)
    original, calls = monge.metrics.work.emd, []

    def breaks(x, y, **how):
        calls.append(len(x))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(x, y, **how)

    monkeypatch.setattr(monge.metrics.work, "emd", breaks)
    with pytest.raises(KeyboardInterrupt):
        pairwise(a, b, file=file, threads=1)
    result = pairwise(a, b, file=file, threads=1)
    np.testing.assert_array_equal(result, expected)
    assert sum(calls[2:]) == 36 - calls[0]
    assert pairwise(a, b, file=file, threads=1).tolist() == result.tolist()
    assert sum(calls[2:]) == 36 - calls[0]
    assert [path.name for path in tmp_path.iterdir()] == ["distances.npz"]
    with pytest.raises(ValueError, match="file must hold distances of these clouds and settings"):
        pairwise(a, b + 1, file=file)
    with pytest.raises(ValueError, match="file must hold"):
        pairwise(a, b, file=file, cost="sqeuclidean")


def test_generation_keeps_a_file_of_each_distance(tmp_path):
    samples, references = shapes(3, 8, 0), shapes(3, 8, 1)
    first = generation(samples, references, file=tmp_path / "scores.npz")
    assert {path.name for path in tmp_path.iterdir()} == {"scores-emd.npz", "scores-chamfer.npz"}
    assert generation(samples, references, file=tmp_path / "scores.npz") == first


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_backends_of_joblib(backend):
    pytest.importorskip("joblib")
    a, b = shapes(3, 10, 0), shapes(3, 10, 1)
    for distance in ("emd", "chamfer"):
        result = pairwise(a, b, distance=distance, backend=backend, jobs=2)
        np.testing.assert_array_equal(result, pairwise(a, b, distance=distance))


def test_a_local_dask_cluster():
    distributed = pytest.importorskip("distributed")
    pytest.importorskip("joblib")
    a, b = shapes(3, 10, 0), shapes(3, 10, 1)
    with distributed.Client(processes=False, n_workers=1, dashboard_address=None):
        np.testing.assert_array_equal(pairwise(a, b, backend="dask"), pairwise(a, b))


def test_progress_draws_a_bar(capsys):
    pytest.importorskip("tqdm")
    pairwise(shapes(3, 5, 0), shapes(2, 5, 1), progress=True)
    assert "6/6" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda c: pairwise(c, c[0]),
            r"clouds_b must be clouds \(n, d\) of one d; got shape \(3,\)",
        ),
        (lambda c: pairwise(c, [c[0], c[0, :, :2]]), r"clouds_b must be clouds"),
        (lambda c: pairwise(c, c * np.nan), "clouds_b must have finite coordinates"),
        (lambda c: pairwise(c, distance="hausdorff"), 'distance must be "emd" or "chamfer"'),
        (lambda c: pairwise(c, cost="cosine"), "cosine"),
        (lambda c: pairwise(c, p=0.5), "p must be"),
        (lambda c: generation(c, c[:0]), "references must hold at least one cloud"),
        (lambda c: generation(c, c[:, :, :2]), "samples must have the dimension of references"),
        (lambda c: generation(c, c, names="short"), "names must be"),
        (lambda c: generation(c, c, distances=["jsd"]), "distance must be"),
        (lambda c: generation(c, c, distances="emd"), "distances must be a list .* got 'emd'"),
        (lambda c: generation(c, c, distances=[]), "distances must be a list .* at least one"),
    ],
)
def test_misuse_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(shapes(2, 4, 0))
