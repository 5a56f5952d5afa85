"""Names from a spec that stand as examples in texts."""

import re
from collections.abc import Sequence
from typing import Final

_GLOB: Final = re.compile(r"[*?\[]")


def first_plain(names: Sequence[str], otherwise: str) -> str:
    """The first of the names that is no glob, else `otherwise`."""
    return next((name for name in names if not _GLOB.search(name)), otherwise)
