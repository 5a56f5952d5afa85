"""Names from a spec that stand as examples in texts."""

from collections.abc import Sequence

from obs.spec.globs import is_plain


def first_plain(names: Sequence[str], otherwise: str) -> str:
    """The first of the names that is no glob, else `otherwise`."""
    return next(filter(is_plain, names), otherwise)
