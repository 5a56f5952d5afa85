"""Names from a spec, as examples in runbooks."""

from collections.abc import Sequence

from obs.spec.globs import plain_names


def first_plain(names: Sequence[str], otherwise: str) -> str:
    """The first of the names that is not a glob, else `otherwise`."""
    return next(iter(plain_names(names)), otherwise)
