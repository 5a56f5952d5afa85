"""What an odd dashboard may raise anywhere in drawing it: one panel's fault must stop no other."""

import re
from typing import Final

NOT_DRAWN: Final = "Not drawn by the preview"

ODD: Final = (
    *(ArithmeticError, AttributeError, LookupError, NotImplementedError, RecursionError),
    *(TypeError, ValueError, re.error),
)


def not_drawn(reason: str) -> str:
    """What a panel shows instead of a drawing."""
    return f"{NOT_DRAWN}: {reason}."


def why(error: BaseException) -> str:
    """The fault in a few words, for a panel or a variable that is odd."""
    said = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, AttributeError | LookupError | TypeError):
        return f"an option is not as Grafana writes it ({said})"
    return said
