"""What became of a push."""

from dataclasses import dataclass

from obs.errors import SourceError


@dataclass(frozen=True, slots=True)
class Pushed:
    """Data points that the receiver accepted and rejected, and why the push failed.

    `left_out` counts values that the receiver cannot hold and that were not sent. `dropped` counts
    those that waited for a receiver for too long; `pending` still wait, None where a sink keeps
    nothing. `repeated` counts requests that were sent again.

    A push that fails is returned, not raised: an error that is raised through the frames of a push
    holds all that they hold. `failure` is None where everything was accepted.
    """

    accepted: int = 0
    rejected: int = 0
    failure: SourceError | None = None
    left_out: int = 0
    dropped: int = 0
    pending: int | None = None
    repeated: int = 0
