"""Members added to a JSON object in its text, so that nothing else of it changes."""

import json
from collections.abc import Mapping
from typing import Any


def with_members(text: Any, members: Mapping[str, str]) -> Any:
    """The text of the object with the members, which replace those of the same name.

    A text that is no JSON object is returned as it is: it is not for us to refuse it.
    """
    if not isinstance(text, str) or not members:
        return text
    body = text.lstrip(" \t\r\n")
    if not body.startswith("{"):
        return text
    if any(f'"{name}"' in body for name in members):
        return _replaced(text, members)
    rest = body[1:].lstrip(" \t\r\n")
    added = ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in members.items())
    return f"{{{added}{rest}" if rest.startswith("}") else f"{{{added}, {rest}"


def _replaced(text: str, members: Mapping[str, str]) -> str:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return json.dumps(found | members)
