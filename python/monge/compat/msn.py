"""`emdModule` of MSN (Colin97/MSN-Point-Cloud-Completion): same call, same two results.

What differs: the matching is optimal and one to one; any number of points, dimension, batch size
and coordinates outside of [0, 1] are served; and both clouds get a gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor

from monge.torch.functional import assign


class emdModule(torch.nn.Module):  # the peer's name
    """The optimal matching by Euclidean distance: `emdModule()(input1, input2, eps, iters)`."""

    def forward(
        self, input1: Tensor, input2: Tensor, eps: float = 0.005, iters: int = 50
    ) -> tuple[Tensor, Tensor]:
        """Squared distances of matched points, and the matching.

        Parameters
        ----------
        input1, input2 : (b, n, d) tensors
            Clouds of equal sizes.
        eps, iters
            Steer the peer's approximation; without effect here, where the matching is optimal.

        Returns
        -------
        dist : (b, n) tensor
            |input1_i - input2_assignment(i)|^2; the distance itself is `dist.sqrt().mean(1)`.
        assignment : (b, n) int32 tensor
            The point of `input2` matched with each point of `input1`: a permutation.
        """
        if input1.shape != input2.shape or input1.ndim != 3:
            raise ValueError(
                "input1 and input2 must have one shape (b, n, d); got shapes "
                f"{tuple(input1.shape)} and {tuple(input2.shape)}"
            )
        columns = assign(input1, input2)
        matched = input2.gather(1, columns[..., None].expand_as(input2))
        return (input1 - matched).square().sum(-1), columns.to(torch.int32)
