"""A CloudWatch dashboard, owned by a text widget that names the owner."""

import json
import re
from typing import Any, Final

from obs.stacks.aws import OWNER

_OWNED: Final = re.compile(rf"`{re.escape(OWNER)}=([^`]+)`")

Body = dict[str, Any]


def with_owner(body: str, owner: str) -> Body:
    """The body with a text widget below the graphs that names the owner.

    Not a tag: PutDashboard of older SDKs takes none, and a tag added afterwards would be missing
    after an interruption.
    """
    whole: Body = json.loads(body)
    below = max((each["y"] + each["height"] for each in whole["widgets"]), default=0)
    text = f"Applied by obs, which overwrites changes: `{OWNER}={owner}`"
    widget = {
        "type": "text",
        "x": 0,
        "y": below,
        "width": 24,
        "height": 1,
        "properties": {"markdown": text, "background": "transparent"},
    }
    return {**whole, "widgets": [*whole["widgets"], widget]}


def body_text(body: Body) -> str:
    """The body in the form of PutDashboard."""
    return json.dumps(body, separators=(",", ":"))


def read(text: str) -> tuple[Body, str]:
    """(body, its owner); the owner is empty where no widget names it."""
    found = _OWNED.search(text)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = {}
    return whole, found.group(1) if found else ""


def foreign(found: str, owner: str) -> str:
    """Why an object with owner `found` is not `owner`'s; empty where it is."""
    if found == owner:
        return ""
    if found:
        return f"is of {found}; rename one of the two"
    return f"has no {OWNER}={owner}; rename it, or delete it"
