"""Drills, as the modules of a package list them in `DRILLS`, and the printing of their table."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any


def listed(package: ModuleType) -> tuple[Any, ...]:
    """The drills of every module of the package, in the order of the modules' names."""
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return tuple(drill for module in modules for drill in module.DRILLS)


def printed(lines: Iterator[tuple[str, bool]]) -> int:
    """Print a table as its lines come. Exit status 1 where one of them is not right."""
    held = True
    for line, right in lines:
        print(line, flush=True)  # noqa: T201  what the commands are for
        held &= right
    return int(not held)
