"""Text that a template engine leaves as it is: names from a spec may hold anything."""

import re
from typing import Final
from urllib.parse import quote

REFERENCE: Final = "{{resolve:"
"""What CloudFormation replaces in any text of a template, and has no escape for."""

_BRACES: Final = re.compile(r"\{\{+|\{$")
_NOT_IN_ADDRESS: Final = re.compile(r"[^\w\-.~:/?#\[\]@!&'()*+,;=%]|%(?![0-9A-Fa-f]{2})", re.ASCII)


def go_text(text: str) -> str:
    """The text as a template of Prometheus, Alertmanager or Grafana that renders to it.

    A brace at its end is quoted too: another template may follow.
    """
    return _BRACES.sub(lambda found: f'{{{{"{found[0]}"}}}}', text)


def address(url: str) -> str:
    """The address with all that URLs have not encoded: no `{` or `$` is left for an engine."""
    return _NOT_IN_ADDRESS.sub(lambda found: quote(found[0], safe=""), url)
