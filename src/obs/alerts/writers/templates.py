"""Text that a template engine leaves as it is: names from a spec may hold anything."""

import re
from typing import Final

_BRACES: Final = re.compile(r"\{\{+|\{$")
_IN_ADDRESS: Final = re.compile(r"[{}$]")


def go_text(text: str) -> str:
    """The text as a template of Prometheus, Alertmanager or Grafana that renders to it.

    A brace at its end is quoted too: another template may follow.
    """
    return _BRACES.sub(lambda found: f'{{{{"{found[0]}"}}}}', text)


def address(url: str) -> str:
    """The address with `{`, `}` and `$` encoded: no engine finds a template or a variable in it."""
    return _IN_ADDRESS.sub(lambda found: f"%{ord(found[0]):02X}", url)
