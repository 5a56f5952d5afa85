"""What is kept of a call that failed: the reason and one sentence, never its data."""

import logging

from obs.errors import SourceError, forget_frames

log = logging.getLogger(__name__)


def as_source_error(error: Exception) -> SourceError:
    """The error as SourceError, and nothing of the call with it; a defect of obs is logged."""
    if isinstance(error, SourceError):
        failure = error
    else:
        log.error("internal error", exc_info=error)
        failure = SourceError("internal", f"{type(error).__name__} in the collector; see its log")
    forget_frames(error)
    return failure
