"""What a critic's number means: critics and maps held against exact transport.

`validate` takes any critic: a function, a pair of potentials, a torch module. Its report tells how
far the critic's estimate is from the exact cost of transport between the same batches, and what
the critic *proves* about that cost. `validate_map` does the same for a map, such as a generator.
Needs NumPy; PyTorch only where critic or points are of it. docs/critics.md explains every line.
"""

from monge.critics.maps import MapReport, validate_map
from monge.critics.report import CriticReport, Percentiles, Violations
from monge.critics.validate import validate

__all__ = [
    "CriticReport",
    "MapReport",
    "Percentiles",
    "Violations",
    "validate",
    "validate_map",
]
