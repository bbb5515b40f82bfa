"""`earth_mover_distance` of PyTorchEMD (daerduoCarey/PyTorchEMD): same signature, layout, scale.

What differs: the match is exact instead of heuristic, in any dimension, on any device.
"""

from __future__ import annotations

from torch import Tensor

from monge.torch.functional import emd


def earth_mover_distance(xyz1: Tensor, xyz2: Tensor, transpose: bool = True) -> Tensor:
    """The least sum of *squared* distances over matched pairs, per batch entry.

    Parameters
    ----------
    xyz1, xyz2 : (b, d, n) and (b, d, m) tensors, or (b, n, d) and (b, m, d)
        Clouds; (d, n) and (d, m) are a batch of one.
    transpose : bool
        True: points are columns, as in the peer's default. False: points are rows.

    Returns
    -------
    (b,) tensor
        A sum, not a mean: for n = m, of n squared distances. If n != m, each point of the larger
        cloud has mass 1 and those of the smaller share as much equally, which is the peer's
        convention where the smaller size divides the larger. Differentiable by both clouds.
    """
    clouds = [one[None] if one.ndim == 2 else one for one in (xyz1, xyz2)]
    x, y = (one.transpose(1, 2) if transpose else one for one in clouds)
    return emd(x, y, cost="sqeuclidean") * max(x.shape[1], y.shape[1])
