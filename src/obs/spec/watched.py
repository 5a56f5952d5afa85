"""What an SLI may refer to in its source, which must watch it; alerts may be about it.

The SLI has fields of the same names, so that a problem is reported at its line.
"""

from dataclasses import dataclass, field
from typing import Literal

from obs.spec.globs import is_plain

ObjectKind = Literal["bus", "rule", "queue", "stream", "consumer"]
"""What a spec can name in a source."""


@dataclass(frozen=True, slots=True)
class BusRules:
    """Rules on an event bus, as names or globs."""

    bus: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamName:
    """A JetStream stream."""

    stream: str


@dataclass(frozen=True, slots=True)
class ConsumerName:
    """A consumer on a stream."""

    stream: str
    consumer: str
    account: str = "*"
    """A glob of the accounts that the stream may be in."""


@dataclass(frozen=True, slots=True)
class ClientConnection:
    """A NATS client connection that hears an account, given as a glob.

    `without` says what is missing where the source has none.
    """

    account: str
    without: str


@dataclass(frozen=True, slots=True, order=True)
class SpecName:
    """An object that the spec names by its name or a glob, and `path`, where it does.

    `within` is the bus of a rule or the stream of a consumer, and may be a glob too.
    """

    kind: ObjectKind
    name: str
    within: str = ""
    account: str = "*"
    path: str = field(default="", compare=False)

    @property
    def is_glob(self) -> bool:
        """Whether it stands for whatever matches it."""
        return not is_plain(self.name + self.within.strip("*"))

    @property
    def label(self) -> str:
        """Its name for people, and its identity among those of its kind."""
        of = f"{self.within}/" if self.within.strip("*") else ""
        account = f" in account {self.account}" if self.account.strip("*") else ""
        return f"{of}{self.name}{account}"


Named = BusRules | StreamName | ConsumerName | ClientConnection
