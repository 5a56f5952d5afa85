"""A CloudWatch dashboard that says in a text of its own whose it is."""

import json
import re
from typing import Any, Final

from obs.stacks.aws import OWNER

_OWNED: Final = re.compile(rf"`{re.escape(OWNER)}=([^`]+)`")

Body = dict[str, Any]


def marked(body: str, owner: str) -> Body:
    """The body with a line below the graphs.

    Not a tag: PutDashboard of older SDKs takes none, and one added afterwards would be missing
    where that is interrupted.
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
    """The body as PutDashboard takes it."""
    return json.dumps(body, separators=(",", ":"))


def read(text: str) -> tuple[Body, str]:
    """A body, and whose it says it is; nobody's where it does not."""
    found = _OWNED.search(text)
    try:
        whole = json.loads(text)
    except ValueError:
        whole = {}
    return whole, found.group(1) if found else ""


def whose(found: str, owner: str) -> str:
    """Why a thing is not this owner's; empty where it is."""
    if found == owner:
        return ""
    if found:
        return f"is of {found}; rename one of the two"
    return f"has no {OWNER}={owner}; rename it, or delete it"
