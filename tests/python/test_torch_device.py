"""The device library's twin on the CPU, and monge.torch upon it, as if tensors were on a GPU."""

from types import SimpleNamespace

import device_twin
import pytest

torch = pytest.importorskip("torch")

from device_conformance import *  # noqa: E402, F403
from monge.torch import device  # noqa: E402


@pytest.fixture
def place(monkeypatch):
    twin = device_twin.twin()
    monkeypatch.setattr(device, "library_for", lambda tensor: twin)
    return SimpleNamespace(device=torch.device("cpu"), library=twin)
