"""The kinds of source, in the order of the list in `obs.spec.sources`."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Final

from obs.sources.kind import AnyKind
from obs.spec.source import SourceSpec
from obs.spec.sources import SOURCE_KINDS
from obs.spec.system import System

if TYPE_CHECKING:
    from obs.web.page.content import Filter, KindOnPage
    from obs.web.status import Status


def _kind(key: str) -> AnyKind:
    kind: AnyKind = import_module(f"obs.sources.{key}.kind").KIND
    return kind


KINDS: Final[tuple[AnyKind, ...]] = tuple(_kind(key) for key in SOURCE_KINDS)
BY_KEY: Final = {kind.key: kind for kind in KINDS}


def each_source(system: System) -> Iterator[tuple[AnyKind, str, SourceSpec]]:
    """Kind, name and spec of every source, in the order of the kinds."""
    return ((BY_KEY[key], name, spec) for key, name, spec in system.sources.every())


def subjects_of_others(system: System) -> dict[str, tuple[str, ...]]:
    """What kinds publish to over connections of other sources, by where the spec has those."""
    found: dict[str, tuple[str, ...]] = {}
    for kind in KINDS:
        for at, subjects in kind.subjects(system.sources.of(kind.key)).items():
            found[at] = (*found.get(at, ()), *subjects)
    return found


def on_page(status: "Status", typed: "Filter") -> "list[KindOnPage]":
    """What the kinds of the sources in a status add to the status page."""
    present = {source.kind for source in status.sources}
    return [kind.on_page(status, typed) for kind in KINDS if kind.key in present]


def module_of(kind: AnyKind, package: str, module: str = "") -> ModuleType | None:
    """A kind's module in another package: `<package>.<key>.<module>`; None where it has none."""
    of_kind = f"{package}.{kind.key}"
    if find_spec(of_kind) is None:
        return None
    return import_module(f"{of_kind}.{module}" if module else of_kind)
