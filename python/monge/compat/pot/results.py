"""`solve` and `solve_sample`: exact balanced transport as an `OTResult`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monge import _core
from monge.compat.pot.distances import dist
from monge.compat.pot.masses import (
    Array,
    Floats,
    NotProvided,
    as_masses,
    balanced,
    float_type,
)
from monge.compat.pot.matrix import NO_PLAN, centred, proved
from monge.problem import as_array
from monge.solution import Solution
from monge.solve import solve as solve_clouds
from monge.solve import solve_cost

if TYPE_CHECKING:
    import scipy.sparse


class OTResult:
    """What an exact balanced transport found.

    Attributes
    ----------
    value, value_linear : float
        The cost of the plan; both are the same without regularisation.
    value_quad : None
        Of Gromov-Wasserstein problems only.
    potentials, potential_a, potential_b : (n,) and (m,) arrays
        u, v with u_i + v_j <= M_ij and <a, u> = <b, v>.
    plan : (n, m) array
        Made when it is first asked for.
    sparse_plan : scipy.sparse.csr_array
    lazy_plan : None
        Of POT's approximate solvers only.
    marginals, marginal_a, marginal_b : (n,) and (m,) arrays
        Sums of the plan.
    status : str
        "Converged", or why there is no plan.
    log : None
    solution : monge.Solution
        The certificate: lower bound, gap, and the plan as triplets.
    """

    value_quad: None = None
    lazy_plan: None = None
    log: None = None
    _backend: None = None  # NumPy; code written for POT's results looks for it

    def __init__(self, solution: Solution, a: Floats, b: Floats, dtype: np.dtype[Any]) -> None:
        self.solution = solution
        self.value = self.value_linear = solution.cost
        self.status = NO_PLAN if solution.status == "infeasible" else "Converged"
        u, v = centred(solution.f, solution.g, a, b)
        self.potentials: tuple[Array, Array] = (u.astype(dtype), v.astype(dtype))
        self._dtype = dtype

    def __repr__(self) -> str:
        n, m = self.solution.plan.shape
        return f"OTResult(value={self.value!r}, plan=({n}, {m}), status={self.status!r})"

    @property
    def potential_a(self) -> Array:
        """The potential of the rows."""
        return self.potentials[0]

    @property
    def potential_b(self) -> Array:
        """The potential of the columns."""
        return self.potentials[1]

    @cached_property
    def plan(self) -> Array:
        """The plan as an (n, m) array. O(n m) memory."""
        return self.solution.plan.to_dense().astype(self._dtype, copy=False)

    @property
    def sparse_plan(self) -> scipy.sparse.csr_array:
        """The plan as a sparse array of at most n + m - 1 entries. Needs SciPy."""
        return self.solution.plan.to_scipy().astype(self._dtype).tocsr()

    @property
    def marginals(self) -> tuple[Array, Array]:
        """The plan's sums over columns and over rows."""
        return self.marginal_a, self.marginal_b

    @property
    def marginal_a(self) -> Array:
        """The plan's sums over columns."""
        return self._marginal(self.solution.plan.rows, axis=0)

    @property
    def marginal_b(self) -> Array:
        """The plan's sums over rows."""
        return self._marginal(self.solution.plan.cols, axis=1)

    def _marginal(self, indices: NDArray[np.int32], axis: int) -> Array:
        plan = self.solution.plan
        sums = np.bincount(indices, weights=plan.mass, minlength=plan.shape[axis])
        return sums.astype(self._dtype)


def solve(
    M: ArrayLike,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    reg: float | None = None,
    c: Any = None,
    reg_type: Any = "KL",
    unbalanced: Any = None,
    unbalanced_type: str = "KL",
    method: str | None = None,
    n_threads: int = 1,
    max_iter: int | None = None,
    plan_init: Any = None,
    potentials_init: Any = None,
    tol: float | None = None,
    verbose: bool = False,
    grad: str = "autodiff",
) -> OTResult:
    """Exact balanced transport by a cost matrix.

    Parameters
    ----------
    M : (n, m) array
        Costs; +inf forbids a pair.
    a, b : (n,) and (m,) arrays, optional
        Masses; default 1/n and 1/m. Sums may differ by 1.5e-6; b is scaled to a's.
    reg : None or 0
    unbalanced : None or inf
    method : None
        Anything else of these three is refused.
    c, reg_type, unbalanced_type
        Only of regularised and unbalanced problems: without effect here, as in POT.
    n_threads, max_iter, plan_init, potentials_init, tol, verbose, grad
        Without effect: they steer POT's algorithms.

    Returns
    -------
    OTResult

    Raises
    ------
    NotProvided
        For regularised or unbalanced transport, and for a method.
    Misuse, ValueError, TypeError
        For wrong shapes, types, masses and costs.
    NotOptimal
        If the certificate does not prove the optimum.

    Notes
    -----
    Complexity as for `monge.solve_cost`.
    """
    _refuse_what_is_not_exact(reg, unbalanced, method)
    costs = as_array(M, "M")
    n, m = costs.shape if costs.ndim == 2 else (0, 0)  # the core refuses other ranks
    if not (n and m):
        raise ValueError(f"M must have shape (n, m), both at least 1; got shape {costs.shape}")
    source = as_masses(a, "a", n)
    target = balanced(source, as_masses(b, "b", m), check_marginals=True)
    dtype = float_type(a, b, costs)
    return OTResult(proved(solve_cost(costs, source, target)), source, target, dtype)


def solve_sample(
    X_a: ArrayLike,
    X_b: ArrayLike,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    metric: str | Callable[[Any, Any], float] = "sqeuclidean",
    reg: float | None = None,
    c: Any = None,
    reg_type: Any = "KL",
    unbalanced: Any = None,
    unbalanced_type: str = "KL",
    lazy: bool = False,
    batch_size: int | None = None,
    method: str | None = None,
    n_threads: int = 1,
    max_iter: int | None = None,
    plan_init: Any = None,
    rank: int = 100,
    scaling: float = 0.95,
    potentials_init: Any = None,
    X_init: Any = None,
    tol: float | None = None,
    verbose: bool = False,
    grad: str = "autodiff",
    random_state: Any = None,
    debias: bool | str = False,
    n_projections: int = 50,
    projections: Any = None,
    scaler: Any = None,
) -> OTResult:
    """Exact balanced transport between samples.

    Parameters
    ----------
    X_a, X_b : (n, d) and (m, d) arrays
        Samples.
    a, b : (n,) and (m,) arrays, optional
        Masses; default 1/n and 1/m. Sums may differ by 1.5e-6; b is scaled to a's.
    metric : str or callable
        A metric of `dist`. "sqeuclidean", "euclidean", "cityblock" and "chebyshev" need no matrix
        of costs; others build one.
    reg, unbalanced, method, debias, scaler
        As in POT's default: anything else is refused.
    lazy
        Without effect: the plan is sparse until `plan` is asked for.
    c, reg_type, unbalanced_type, batch_size, rank, scaling, X_init, random_state, n_projections, \
projections
        Only of what is refused: without effect here, as in POT.
    n_threads, max_iter, plan_init, potentials_init, tol, verbose, grad
        Without effect: they steer POT's algorithms.

    Returns
    -------
    OTResult

    Raises
    ------
    NotProvided
        For regularised, unbalanced or debiased transport, for a method, and for a scaler.
    Misuse, ValueError, TypeError
        For wrong shapes, types, masses and values.
    NotOptimal
        If the certificate does not prove the optimum.

    Notes
    -----
    Complexity as for `monge.solve`.
    """
    _refuse_what_is_not_exact(reg, unbalanced, method)
    if debias:
        raise NotProvided(
            f"debias must be False; got {debias!r}. Use monge.sinkhorn_divergence, or the "
            "difference of three values"
        )
    if scaler is not None:
        raise NotProvided(f"scaler must be None; got {scaler!r}. Scale the samples before")
    x, y = as_array(X_a, "X_a"), as_array(X_b, "X_b")
    if metric not in _core.ground_cost_names() or metric == "euclidean_power":
        return solve(dist(x, y, metric), a, b)
    if x.ndim != 2 or y.ndim != 2:
        raise ValueError(
            f"X_a and X_b must have shapes (n, d) and (m, d); got {x.shape} and {y.shape}"
        )
    source = as_masses(a, "a", len(x))
    target = balanced(source, as_masses(b, "b", len(y)), check_marginals=True)
    dtype = float_type(a, b, x)
    solution = proved(solve_clouds(x, y, source, target, cost=str(metric)))
    return OTResult(solution, source, target, dtype)


def _refuse_what_is_not_exact(reg: Any, unbalanced: Any, method: Any) -> None:
    if not (reg is None or (np.ndim(reg) == 0 and reg == 0)):
        raise NotProvided(
            f"reg must be None or 0, exact transport; got {reg!r}. For entropic transport use "
            "monge.sinkhorn or monge.sinkhorn_cost with epsilon=reg"
        )
    if unbalanced is not None and not np.isposinf(unbalanced).all():
        raise NotProvided(
            f"unbalanced must be None, balanced transport; got {unbalanced!r}. For unbalanced "
            "transport use POT's own ot.solve"
        )
    if method is not None:
        raise NotProvided(
            f"method must be None, exact transport; got {method!r}. Use wasserstein_1d for "
            '"1d", monge.sliced_wasserstein for "sliced", and POT\'s own functions for others'
        )
