"""`SamplesLoss` of GeomLoss: same constructor, call and scale, for loss="sinkhorn".

What differs: values are converged, so `scaling`, `diameter`, `truncate`, `cluster_scale`, `verbose`
and `backend`, which steer the peer's approximation, are without effect, and so are cluster labels;
masses get gradients. Losses other than "sinkhorn", `reach`, and costs given as functions or
formulas are refused.
"""

from __future__ import annotations

from typing import Any

import torch

from monge.torch.batch import as_batch
from monge.torch.entropic import entropic_potentials, sinkhorn_divergence

ARGUMENTS = {2: (0, 1), 4: (1, 3, 0, 2), 6: (2, 5, 1, 4)}  # where x, y, a and b stand


class SamplesLoss(torch.nn.Module):
    """The Sinkhorn divergence in GeomLoss's convention.

    Parameters
    ----------
    loss : "sinkhorn"
    p : 1 or 2
        The ground cost is |x - y| for 1 and |x - y|^2 / 2 for 2.
    blur : float
        In the unit of the coordinates: epsilon = blur^p.
    debias : bool
        True: OT(x, y) - OT(x, x) / 2 - OT(y, y) / 2. False: OT(x, y).
    potentials : bool
        True: the call returns the pair of dual potentials instead, without gradients; debiased by
        those of the clouds with themselves if `debias`.
    reach, cost, kernel
        Must be None.
    diameter, scaling, truncate, cluster_scale, verbose, backend
        Without effect.
    """

    def __init__(
        self,
        loss: str = "sinkhorn",
        p: int = 2,
        blur: float = 0.05,
        reach: float | None = None,
        diameter: float | None = None,
        scaling: float = 0.5,
        truncate: float | None = 5,
        cost: Any = None,
        kernel: Any = None,
        cluster_scale: float | None = None,
        debias: bool = True,
        potentials: bool = False,
        verbose: bool = False,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        if loss != "sinkhorn":
            raise ValueError(f'loss must be "sinkhorn" here; got {loss!r}')
        if p not in (1, 2):
            raise ValueError(f"p must be 1 or 2; got {p!r}")
        if not blur > 0:
            raise ValueError(f"blur must be positive; got {blur!r}")
        for argument, value in (("reach", reach), ("cost", cost), ("kernel", kernel)):
            if value is not None:
                raise ValueError(f"{argument} must be None here; got {value!r}")
        self.p, self.blur, self.debias, self.potentials = p, blur, debias, potentials

    def forward(self, *args: Any) -> Any:
        """The loss of (x, y), (a, x, b, y) or (labels, a, x, labels, b, y).

        Parameters
        ----------
        x, y : (N, D) and (M, D) tensors, or (B, N, D) and (B, M, D)
        a, b : (N,) and (M,) tensors, or (N, 1) and (M, 1), or of a batch; default 1/N and 1/M

        Returns
        -------
        () or (B,) tensor; or potentials shaped as the masses
        """
        if len(args) not in ARGUMENTS:
            raise ValueError(
                "the call must have two (x, y), four (a, x, b, y) or six (labels, a, x, labels, b, "
                f"y) arguments; got {len(args)}"
            )
        x, y, *given = (args[k] for k in ARGUMENTS[len(args)])
        a, b = given or (None, None)
        if self.p == 2:
            # |x - y|^2 / 2 is the squared distance of points divided by sqrt(2).
            x, y = x / 2**0.5, y / 2**0.5
        masses_a = None if a is None else a.reshape(x.shape[:-1])
        masses_b = None if b is None else b.reshape(y.shape[:-1])
        settings: dict[str, Any] = {
            "epsilon": float(self.blur**self.p),
            "cost": "sqeuclidean" if self.p == 2 else "euclidean",
            "debias": self.debias,
        }
        if not self.potentials:
            return sinkhorn_divergence(x, y, masses_a, masses_b, **settings)
        batch = as_batch(x.detach(), y.detach(), masses_a, masses_b, None)
        f, g = (batch.unbatch(one).to(x.dtype) for one in entropic_potentials(batch, **settings))
        return (f if a is None else f.reshape(a.shape)), (g if b is None else g.reshape(b.shape))

    def extra_repr(self) -> str:
        """The settings that change the value."""
        return f"p={self.p!r}, blur={self.blur!r}, debias={self.debias!r}"
