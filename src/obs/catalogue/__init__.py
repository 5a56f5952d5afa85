"""Every metric of obs, each declared once.

Each module in this folder is imported here, in the order of their names, and declares its
metrics; `ALL`, `BY_NAME` and `RECORDED` are live views of what is declared. Rules, panels, docs
and tests refer to these objects. Nothing here reads or computes a value.
"""

from collections.abc import Collection, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Final

from obs.catalogue import declare
from obs.catalogue.metric import Metric

_MODULES: Final = tuple(
    import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)
)

ALL: Final[Collection[Metric]] = declare.EXPORTED.values()
BY_NAME: Final[Mapping[str, Metric]] = MappingProxyType(declare.EXPORTED)
RECORDED: Final[Mapping[str, Metric]] = MappingProxyType(declare.RECORDED)
PREFIXES: Final[tuple[str, ...]] = tuple(
    prefix for module in _MODULES for prefix in getattr(module, "PREFIXES", ())
)
"""First parts of the names of metrics; names of other exporters begin with none of them."""

__all__ = ["ALL", "BY_NAME", "PREFIXES", "RECORDED", "Metric"]
