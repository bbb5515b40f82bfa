"""Optimal transport as differentiable torch functions and losses.

Needs PyTorch: pip install "monge[torch]". Nothing is compiled against it: the operators reach the
same core that NumPy's functions call, so any version of torch will do that has
`torch.library.custom_op`. docs/torch.md says which gradients exist and what they are.
"""

from monge.extras import require

require("torch", "torch")

from monge.torch.discrepancy import chamfer, sliced_wasserstein  # noqa: E402
from monge.torch.entropic import sinkhorn_divergence  # noqa: E402
from monge.torch.functional import assign, emd, match, transport_cost, wasserstein  # noqa: E402
from monge.torch.losses import (  # noqa: E402
    ChamferLoss,
    EMDLoss,
    SinkhornLoss,
    SlicedWassersteinLoss,
    WassersteinLoss,
)
from monge.torch.transforms import c_transform  # noqa: E402

__all__ = [
    "ChamferLoss",
    "EMDLoss",
    "SinkhornLoss",
    "SlicedWassersteinLoss",
    "WassersteinLoss",
    "assign",
    "c_transform",
    "chamfer",
    "emd",
    "match",
    "sinkhorn_divergence",
    "sliced_wasserstein",
    "transport_cost",
    "wasserstein",
]
