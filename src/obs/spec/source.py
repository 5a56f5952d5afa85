"""What the spec says of every source, whatever its kind."""

from abc import abstractmethod
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from obs.spec.model import Model, wrong
from obs.spec.quantity import Duration, format_duration

Seconds = Annotated[Duration, Field(gt=0)]


class SourceSpec(Model):
    """One source: how often it is polled, and when its values no longer count as current.

    How a kind is polled and judged is its room in `obs.sources`.
    """

    words: ClassVar[str]
    """The kind as people call it: "NATS" of "a NATS source"."""

    poll: Seconds
    """How often the source is polled."""
    timeout: Seconds
    """How long a request may take."""
    stale_after: Seconds | None = None
    """Age at which series are withdrawn; eight polls where left out, at least two minutes."""
    required: bool = True
    """Whether /readyz waits for this source."""

    @property
    @abstractmethod
    def where(self) -> str:
        """Where it is polled and what is selected there, in a few words for people."""

    @property
    def delayed_by(self) -> float:
        """Seconds after which a platform that is late publishes what happened."""
        return 0.0

    @model_validator(mode="after")
    def _not_stale_before_the_next_poll(self) -> "SourceSpec":
        if self.stale_after is not None and self.stale_after < self.poll:
            poll, stale = format_duration(self.poll), format_duration(self.stale_after)
            raise wrong(
                f"{stale} is shorter than poll, {poll}: every value would go stale before the "
                "next; write several polls, or leave it out",
                "stale_after",
            )
        return self


def stale_after(source: SourceSpec) -> float:
    """Seconds after which the values of the last successful poll no longer count as current."""
    return source.stale_after or max(8 * source.poll, 120.0)
