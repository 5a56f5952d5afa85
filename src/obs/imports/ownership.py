"""Labels and annotations of others as an SLO's labels, team, owner and links."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from obs.alerts.tuning import refused_slo_label
from obs.imports.findings import Labels, Section
from obs.spec.alerts import LabelName
from obs.spec.model import HttpUrl
from obs.spec.slo_facts import LabelValue, Person
from obs.spec.tree import FilePlace

_MOST_LINKS: Final = 10
_ODD: Final = re.compile(r"[^a-zA-Z0-9_]+")
_LABEL_NAME: Final[TypeAdapter[str]] = TypeAdapter(LabelName)
_LABEL_VALUE: Final[TypeAdapter[str]] = TypeAdapter(LabelValue)
_PERSON: Final[TypeAdapter[str]] = TypeAdapter(Person)
_URL: Final[TypeAdapter[str]] = TypeAdapter(HttpUrl)


@dataclass(frozen=True, slots=True)
class Owned:
    """Fields of the SLO, and the labels that only its alerts can have, or not even they."""

    fields: Mapping[str, Any]
    others: Labels


def owned(labels: Labels) -> Owned:
    """What labels become. `owner` stays a label of the alerts too, for routes may choose by it."""
    fields: dict[str, Any] = {}
    kept: dict[str, str] = {}
    others: dict[str, tuple[str, FilePlace]] = {}
    for name, (value, place) in labels.items():
        if name == "team" and _fits(_LABEL_VALUE, value):
            fields["team"] = value
            continue
        if name == "owner" and _fits(_PERSON, value):
            fields["owner"] = value
        if refused_slo_label(name) or not (_fits(_LABEL_NAME, name) and _fits(_LABEL_VALUE, value)):
            others[name] = value, place
        else:
            kept[name] = value
    return Owned({**fields, **({"labels": kept} if kept else {})}, others)


def linked(section: Section, key: str, why: str) -> dict[str, Any]:
    """Owner and links among annotations; the others are told, with the reason `why`."""
    fields: dict[str, Any] = {}
    links: dict[str, str] = {}
    left: list[str] = []
    for name, (value, _) in section.labels(key).items():
        to = _ODD.sub("_", name.rpartition("/")[2].removeprefix("link_"))
        if name == "owner" and _fits(_PERSON, value):
            fields["owner"] = value
        elif _is_link(to, value) and to not in links and len(links) < _MOST_LINKS:
            links[to] = value
        else:
            left.append(name)
    if left:
        section.lost(key, f"{', '.join(left)}: {why}")
    return {**fields, **({"links": links} if links else {})}


def _is_link(name: str, value: str) -> bool:
    """Whether it is an address, and no template of one."""
    return "{{" not in value and _fits(_LABEL_NAME, name) and _fits(_URL, value)


def _fits(kind: TypeAdapter[str], text: str) -> bool:
    try:
        kind.validate_python(text)
    except ValidationError:
        return False
    return True
