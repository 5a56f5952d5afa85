"""What an SLI may refer to in its source, which must watch it; alerts may be about it.

The SLI has fields of the same names, so that a problem is reported at its line.
"""

from dataclasses import dataclass, field
from typing import Literal

from obs.spec.globs import is_plain, plain_name

ObjectKind = Literal[
    "bus",
    "rule",
    "queue",
    "stream",
    "consumer",
    "function",
    "topic",
    "pipe",
    "schedule_group",
    "api_destination",
    "archive",
]
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
class ConsumerGlobs:
    """Consumers, by globs of stream, consumer and account."""

    stream: str
    consumer: str
    account: str = "*"


@dataclass(frozen=True, slots=True)
class ClientConnection:
    """A NATS client connection that hears an account, given as a glob.

    `without` says what is missing where the source has none. `group`: what the source must
    collect over it, if anything.
    """

    account: str
    without: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class ProbeTargets:
    """Targets of a probe source, as names or globs."""

    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CanaryEvents:
    """The events of a canary that arrive within `below` seconds; None: within lost_after."""

    below: float | None


@dataclass(frozen=True, slots=True, order=True)
class SpecName:
    """An object that the spec names by its name or a glob, and `path`, where it does.

    `within` is the bus of a rule or the stream of a consumer, and may be a glob too. A name is a
    glob that matches it alone.
    """

    kind: ObjectKind
    name: str
    within: str = ""
    account: str = "*"
    path: str = field(default="", compare=False)

    @property
    def is_glob(self) -> bool:
        """Whether it stands for whatever matches it."""
        return not (is_plain(self.name) and is_plain(self.within.strip("*")))

    @property
    def label(self) -> str:
        """Its name for people, and its identity among those of its kind."""
        name, within, account = map(_as_read, (self.name, self.within, self.account))
        of = f"{within}/" if self.within.strip("*") else ""
        in_account = f" in account {account}" if self.account.strip("*") else ""
        return f"{of}{name}{in_account}"


def _as_read(glob: str) -> str:
    """A name without its escapes, a glob as it is."""
    return glob if (name := plain_name(glob)) is None else name


Named = (
    BusRules
    | StreamName
    | ConsumerName
    | ConsumerGlobs
    | ClientConnection
    | ProbeTargets
    | CanaryEvents
)
