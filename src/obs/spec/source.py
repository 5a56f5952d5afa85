"""What the spec says of every source, whatever its kind."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Self

from pydantic import PrivateAttr, model_validator

from obs.spec.model import Model, wrong
from obs.spec.quantity import Duration, format_duration, within
from obs.spec.shard import WHOLE, Portion
from obs.spec.watched import SpecName

Poll = Annotated[Duration, within("100ms", "1d")]
Timeout = Annotated[Duration, within("100ms", "10m")]
Seconds = Annotated[Duration, within("1s", "1d")]
StaleAfter = Annotated[Duration, within("1s", "7d")]


class SourceSpec(Model):
    """A source: poll interval, timeout, and when its values no longer count as current.

    `obs.sources` has a package for each kind, which polls it.
    """

    words: ClassVar[str]
    """Name of the kind for people: "NATS" in "a NATS source"."""
    only_for_slos: ClassVar[bool] = False
    """Whether nothing is collected of it but what SLOs count."""
    has_shards: ClassVar[bool] = False
    """Whether its objects are divided among shards; of the other kinds shard 1 polls all."""
    _share: Portion = PrivateAttr(default=WHOLE)

    poll: Poll
    """Interval of the polls."""
    timeout: Timeout
    """Timeout of a request."""
    stale_after: StaleAfter | None = None
    """Age at which series are withdrawn (default: eight polls, at least two minutes); never less
    than one and a half polls."""
    required: bool = True
    """Whether /readyz fails while this source is stale."""

    @property
    @abstractmethod
    def where(self) -> str:
        """Where it is polled and what is selected there, for people to read."""

    @property
    def share(self) -> Portion:
        """Which of its objects are watched here."""
        return self._share

    def has_part(self, share: Portion, *, measured: bool) -> bool:
        """Whether the collector of a shard polls it; `measured`: for an SLO that it evaluates."""
        return self.has_shards or share.is_first or (measured and self.only_for_slos)

    def of_share(self, share: Portion) -> Self:
        """What the collector of a shard polls of it."""
        part = self.model_copy()
        part._share = share
        return part

    @property
    def one_of(self) -> str:
        """What the spec calls the source that stands for this and others; empty where it stands
        for itself."""
        return ""

    def each(self, name: str) -> Mapping[str, "SourceSpec"]:
        """The sources that it stands for, by their names; itself, unless it stands for several."""
        return {name: self}

    @property
    def place(self) -> str:
        """Where its objects are, after "does not exist"; empty where its name says it best."""
        return ""

    def named(self) -> Iterator[SpecName]:
        """What it names, which must exist; the paths begin below the source."""
        return iter(())

    @property
    def delayed_by(self) -> float:
        """Seconds by which the platform publishes its data late."""
        return 0.0

    @model_validator(mode="after")
    def _not_stale_before_the_next_poll(self) -> "SourceSpec":
        if self.stale_after is not None and self.stale_after < self.poll:
            poll, stale = format_duration(self.poll), format_duration(self.stale_after)
            raise wrong(
                f"{stale} is shorter than poll, {poll}: values would be stale before the "
                "next poll; write several polls, or omit it",
                "stale_after",
            )
        return self


def stale_after(source: SourceSpec) -> float:
    """Seconds after which the values of the last successful poll no longer count as current."""
    if source.stale_after is None:
        return max(8 * source.poll, 120.0)
    # A poll begins up to a twentieth of the interval late and takes a while itself: values must
    # last until it has ended, or those of a healthy source would go each time.
    return max(source.stale_after, 1.5 * source.poll)
