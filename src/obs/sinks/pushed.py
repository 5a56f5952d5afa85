"""What became of a push."""

from dataclasses import dataclass

from obs.errors import SourceError


@dataclass(frozen=True, slots=True)
class Pushed:
    """Data points that the receiver accepted and rejected, and why the push failed.

    `left_out` counts values that the receiver cannot hold and that were not sent.

    A push that fails is returned, not raised: an error that is raised through the frames of a push
    holds all that they hold. `failure` is None where everything was accepted.
    """

    accepted: int = 0
    rejected: int = 0
    failure: SourceError | None = None
    left_out: int = 0
