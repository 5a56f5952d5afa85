"""Drills, as the modules of a package list them in `DRILLS`."""

import importlib
import pkgutil
from types import ModuleType
from typing import Any


def listed(package: ModuleType) -> tuple[Any, ...]:
    """The drills of every module of the package, in the order of the modules' names."""
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return tuple(drill for module in modules for drill in module.DRILLS)
