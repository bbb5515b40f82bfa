"""Losses: one class per file, all with torch's `reduction`."""

from monge.torch.losses.chamfer import ChamferLoss
from monge.torch.losses.emd import EMDLoss
from monge.torch.losses.sinkhorn import SinkhornLoss
from monge.torch.losses.sliced import SlicedWassersteinLoss
from monge.torch.losses.wasserstein import WassersteinLoss

__all__ = ["ChamferLoss", "EMDLoss", "SinkhornLoss", "SlicedWassersteinLoss", "WassersteinLoss"]
