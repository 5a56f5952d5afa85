"""What an SLI may refer to in its source, which must watch it; alerts may be about it.

The SLI has fields of the same names, so that a problem is reported at its line.
"""

from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
class ClientConnection:
    """A NATS client connection that hears an account, given as a glob.

    `without` says what is missing where the source has none.
    """

    account: str
    without: str


Named = BusRules | StreamName | ConsumerName | ClientConnection
