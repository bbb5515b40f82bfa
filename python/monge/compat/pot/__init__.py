"""POT's exact transport, by its own names and signatures: `import monge.compat.pot as ot`.

`emd`, `emd2`: cost matrices; `emd_1d`, `emd2_1d`, `wasserstein_1d`: numbers on a line; `solve`,
`solve_sample`: an `OTResult`; `partial_wasserstein`, `partial_wasserstein2` (`ot.partial`'s);
`dist` and `unif`. NumPy arrays in, NumPy arrays out.

Where this differs from POT 0.9:

- Answers are proved, or `monge.NotOptimal` is raised. There is no limit of iterations.
- Plans of integer histograms are float64; POT rounds them to integers.
- `dist` subtracts before it squares. POT expands |x|^2 - 2 x.y + |y|^2, which cancels.
- What is missing (regularised and unbalanced transport, other methods) is refused by
  `NotProvided`, which is a ValueError and a NotImplementedError.
- Misuse raises `Misuse`, which is a ValueError, as everywhere in this package, and an
  AssertionError, as in POT.

Accepted and without effect, because they only steer POT's own algorithms: `numItermax`,
`numThreads`, `n_threads`, `max_iter`, `tol`, `verbose`, `grad`, `potentials_init`, `plan_init`,
`processes`. The threads of this package are set by the environment variable MONGE_NUM_THREADS.
"""

from typing import NoReturn

from monge.compat.pot.distances import dist
from monge.compat.pot.line import emd2_1d, emd_1d, wasserstein_1d
from monge.compat.pot.masses import Misuse, NotProvided, unif
from monge.compat.pot.matrix import emd, emd2
from monge.compat.pot.partial import partial_wasserstein, partial_wasserstein2
from monge.compat.pot.results import OTResult, solve, solve_sample

__all__ = [
    "Misuse",
    "NotProvided",
    "OTResult",
    "dist",
    "emd",
    "emd2",
    "emd2_1d",
    "emd_1d",
    "partial_wasserstein",
    "partial_wasserstein2",
    "solve",
    "solve_sample",
    "unif",
    "wasserstein_1d",
]


def __getattr__(name: str) -> NoReturn:
    """Says where to look instead: POT has many more names."""
    raise AttributeError(
        f"monge.compat.pot has {', '.join(__all__)}; not {name!r}. For entropic transport use "
        "monge.sinkhorn and monge.sinkhorn_cost, for sliced transport monge.sliced_wasserstein"
    )
