"""Errors of clients, with what a newcomer can do about them."""

from obs.errors import Reason, SourceError


def with_hint(error: SourceError, reason: Reason, hint: str) -> SourceError:
    """The error with a hint behind it, where it has this reason; else as it is."""
    if error.reason != reason:
        return error
    return SourceError(error.reason, f"{error}; {hint}", pause=error.pause)
