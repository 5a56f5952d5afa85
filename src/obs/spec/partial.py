"""The sound parts of a spec that as a whole is not, so that more of its problems are found."""

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from obs.spec.model import Model
from obs.spec.notify import Notify
from obs.spec.outputs import CloudWatch, Web
from obs.spec.packs import Packs
from obs.spec.references import Parts
from obs.spec.sli import SliSpec
from obs.spec.slis import Sli
from obs.spec.slos import Slo
from obs.spec.source import SourceSpec
from obs.spec.sources import SOURCE_KINDS, source_model
from obs.spec.tree import Fields, Items, Node, Path, Scalar, child, is_empty, plain

ModelT = TypeVar("ModelT", bound=Model)
_SOURCES: Final = {
    name: kind.source_kind
    for name, field in Sli.model_fields.items()
    for kind in get_args(field.annotation)
    if issubclass(kind, SliSpec) and kind.kind_of_source is SliSpec.kind_of_source
    if kind.model_fields["source"].is_required()
}
"""The kind of source of each kind of SLI that has its events from one kind."""


def sound_parts(tree: Fields) -> Parts:
    """Each part by itself; a source that is not sound is known by name only."""
    sources, outputs, slos = (tree.fields.get(key) for key in ("sources", "outputs", "slos"))
    items = slos.items if isinstance(slos, Items) else ()
    slis = {index: _sound(Sli, child(item, "sli")) for index, item in enumerate(items)}
    added = dict(enumerate(_added(tree.fields.get("packs")), len(items)))
    return Parts(
        {
            kind: _sources(source_model(kind), child(sources, kind) if sources else None)
            for kind in SOURCE_KINDS
        },
        {index: name for index, item in enumerate(items) if (name := _identity(item))}
        | {index: (slo.service, slo.name) for index, (_, slo) in added.items()},
        {index: sli for index, sli in slis.items() if sli is not None}
        | {index: slo.sli for index, (_, slo) in added.items()},
        _sound(CloudWatch, child(outputs, "cloudwatch") if outputs else None),
        _sound(Notify, tree.fields.get("notify")),
        {index: home for index, (home, _) in added.items()},
        _sound(Web, child(outputs, "web") if outputs else None),
        {
            path: named
            for index, sli in slis.items()
            if sli is None
            for path, named in _named(("slos", index, "sli"), child(items[index], "sli"))
        },
    )


def _named(path: Path, sli: Node | None) -> Iterator[tuple[Path, tuple[str, str]]]:
    """Kind and name of the source of an SLI that is not sound, where the SLI's kind tells both."""
    for field, below in sli.fields.items() if isinstance(sli, Fields) else ():
        source = child(below, "source")
        if field in _SOURCES and isinstance(source, Scalar) and isinstance(source.value, str):
            yield (*path, field), (_SOURCES[field], source.value)


def _added(packs: Node | None) -> list[tuple[Path, Slo]]:
    """The SLOs that packs add."""
    used = _sound(Packs, packs)
    try:
        return list(used.slos()) if used else []
    except (PydanticCustomError, ValidationError):
        return []


def _sources(model: type[SourceSpec], node: Node | None) -> Mapping[str, SourceSpec | None]:
    if not isinstance(node, Fields):
        return {}
    found: dict[str, SourceSpec | None] = {}
    for name, below in node.fields.items():
        if not is_empty(below):
            written = _sound(model, below)
            found |= written.each(name) if written else {name: None}
    return found


def _sound(model: type[ModelT], node: Node | None) -> ModelT | None:
    if node is None or is_empty(node):
        return None
    try:
        return model.model_validate(plain(node))
    except ValidationError:
        return None


def _identity(slo: Node) -> tuple[str, str] | None:
    service, name = child(slo, "service"), child(slo, "name")
    if not (isinstance(service, Scalar) and isinstance(name, Scalar)):
        return None
    return (str(service.value), str(name.value))
