"""Other packages' functions, by their own names and signatures, solved by this package.

A user changes one import::

    import monge.compat.pot as ot                              # was: import ot
    from monge.compat.scipy import wasserstein_distance_nd     # was: from scipy.stats import ...

Each module says where it differs from the original. A parameter that only steers the original's
own algorithm is accepted and has no effect.
"""

import importlib
from typing import Any

MODULES = ("geomloss", "msn", "pot", "pytorch3d", "pytorch_emd", "scipy")


def __getattr__(name: str) -> Any:
    """The modules, imported when first used: most of them need PyTorch."""
    if name in MODULES:
        return importlib.import_module(f"monge.compat.{name}")
    raise AttributeError(f"module 'monge.compat' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES})
