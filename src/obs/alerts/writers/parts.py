"""Rule files cut into parts that are no larger than a target takes."""

import json
from collections.abc import Mapping
from typing import Any

RuleDocument = dict[str, Any]


def parts(documents: Mapping[str, RuleDocument], most: int) -> dict[str, RuleDocument]:
    """The documents, those with more than `most` bytes of rules as several, by numbered names.

    Bytes are of JSON, which is about what YAML takes. Groups stay whole.
    """
    found: dict[str, RuleDocument] = {}
    for name, document in documents.items():
        for number, groups in enumerate(_packed(document["groups"], most), 1):
            found[name if number == 1 else f"{name}-{number}"] = {"groups": groups}
    return found


def _packed(groups: list[RuleDocument], most: int) -> list[list[RuleDocument]]:
    packed: list[list[RuleDocument]] = []
    room = 0
    for group in groups:
        size = len(json.dumps(group))
        if not packed or size > room:
            packed.append([])
            room = most
        packed[-1].append(group)
        room -= size
    return packed
