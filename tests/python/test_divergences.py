"""Divergences of histograms: conventions, bounds and agreement with SciPy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from monge import divergences
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr

FUNCTIONS = [
    divergences.total_variation,
    divergences.kullback_leibler,
    divergences.jensen_shannon,
]


@st.composite
def histograms(draw):
    size = draw(st.integers(1, 12))
    masses = st.lists(st.integers(0, 5), min_size=size, max_size=size).filter(any)
    p, q = (np.array(draw(masses), dtype=float) for _ in range(2))
    return p / p.sum(), q / q.sum()


@given(histograms())
def test_agreement_with_scipy_and_bounds(pair):
    p, q = pair
    assert divergences.kullback_leibler(p, q) == pytest.approx(rel_entr(p, q).sum(), abs=1e-14)
    js, tv = divergences.jensen_shannon(p, q), divergences.total_variation(p, q)
    assert js == pytest.approx(jensenshannon(p, q) ** 2, abs=1e-14)
    assert tv == pytest.approx(np.abs(p - q).sum() / 2, abs=1e-15)
    assert 0 <= js <= math.log(2)
    assert 0 <= tv <= 1
    assert tv**2 / 2 <= js + 1e-15  # from Pinsker's inequality
    assert divergences.jensen_shannon(q, p) == pytest.approx(js, abs=1e-15)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_equal_histograms_do_not_differ(function):
    p = np.random.default_rng(0).dirichlet(np.ones(50))
    assert function(p, p) == 0


def test_disjoint_histograms_are_as_far_as_can_be():
    p, q = [0.5, 0.5, 0], [0, 0, 1]
    assert divergences.total_variation(p, q) == 1
    assert divergences.jensen_shannon(p, q) == math.log(2)
    assert divergences.kullback_leibler(p, q) == math.inf
    assert divergences.kullback_leibler([1, 0], [0.5, 0.5]) == pytest.approx(math.log(2), rel=1e-15)


def test_near_histograms_lose_no_digits():
    """KL of p and p + e is e^2 / p to first order: far below the rounding of its terms."""
    e = 1e-9
    p, q = [0.5, 0.5], [0.5 + e, 0.5 - e]
    assert divergences.kullback_leibler(p, q) == pytest.approx(2 * e**2, rel=1e-6)
    assert divergences.jensen_shannon(p, q) == pytest.approx(e**2 / 2, rel=1e-6)


def test_several_pairs_at_once():
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(4), size=(3, 2)), rng.dirichlet(np.ones(4), size=(3, 2))
    for function in FUNCTIONS:
        values = function(p, q)
        assert values.shape == (3, 2)
        assert values[1, 1] == pytest.approx(function(p[1, 1], q[1, 1]), rel=1e-13)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_totals_are_scaled_within_the_tolerance_and_refused_beyond(function):
    p, q = np.array([0.25, 0.75]), np.array([0.5, 0.5])
    assert function(p * (1 + 5e-7), q) == pytest.approx(function(p, q), rel=1e-12)
    with pytest.raises(ValueError, match=r"p must have total mass 1.*got 4"):
        function([1, 3], q)
    with pytest.raises(ValueError, match=r"q must have finite masses >= 0; got .*-0\.5"):
        function(p, [1.5, -0.5])
    with pytest.raises(ValueError, match="q must have the shape of p"):
        function(p, [1.0])
    with pytest.raises(ValueError, match="shape"):
        function([], [])
    with pytest.raises(TypeError, match="real numbers"):
        function(["a"], q)
