"""What is kept of a call that failed: the reason and one sentence, never its data."""

from obs.errors import SourceError, forget_frames
from obs.failure import unforeseen


def as_source_error(error: Exception) -> SourceError:
    """The error as SourceError, and nothing of the call with it; a defect of obs is logged."""
    failure = error if isinstance(error, SourceError) else unforeseen(error)
    forget_frames(error)
    return failure
