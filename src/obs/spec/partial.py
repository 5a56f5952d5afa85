"""The sound parts of a spec that as a whole is not, so that more of its problems are found."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError

from obs.spec.model import Model
from obs.spec.notify import Notify
from obs.spec.outputs import CloudWatch
from obs.spec.references import Parts
from obs.spec.slos import Sli
from obs.spec.sources import SOURCE_KINDS, source_model
from obs.spec.tree import Fields, Items, Node, Scalar, child, is_empty, plain

ModelT = TypeVar("ModelT", bound=Model)


def sound_parts(tree: Fields) -> Parts:
    """Each part by itself; a source that is not sound is known by name only."""
    sources, outputs, slos = (tree.fields.get(key) for key in ("sources", "outputs", "slos"))
    items = slos.items if isinstance(slos, Items) else ()
    slis = {index: _sound(Sli, child(item, "sli")) for index, item in enumerate(items)}
    return Parts(
        {
            kind: _named(source_model(kind), child(sources, kind) if sources else None)
            for kind in SOURCE_KINDS
        },
        {index: name for index, item in enumerate(items) if (name := _identity(item))},
        {index: sli for index, sli in slis.items() if sli is not None},
        _sound(CloudWatch, child(outputs, "cloudwatch") if outputs else None),
        _sound(Notify, tree.fields.get("notify")),
    )


def _named(model: type[ModelT], node: Node | None) -> Mapping[str, ModelT | None]:
    if not isinstance(node, Fields):
        return {}
    return {
        name: _sound(model, below) for name, below in node.fields.items() if not is_empty(below)
    }


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
