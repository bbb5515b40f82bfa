"""Losses: one class per file, all with torch's `reduction`."""

from monge.torch.losses.emd import EMDLoss
from monge.torch.losses.wasserstein import WassersteinLoss

__all__ = ["EMDLoss", "WassersteinLoss"]
