"""What an SLI may name of its source: the source has to watch it, and alerts may be about it.

`field` is the SLI's field that names it, for the problem's place in the file.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BusRules:
    """Rules on an event bus, as names or globs; the SLI's fields are `bus` and `rules`."""

    bus: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamName:
    """A JetStream stream; the SLI's field is `stream`."""

    stream: str


@dataclass(frozen=True, slots=True)
class ConsumerName:
    """A consumer on a stream; the SLI's fields are `stream` and `consumer`."""

    stream: str
    consumer: str


@dataclass(frozen=True, slots=True)
class ClientConnection:
    """A NATS client connection; `without` is what cannot be known without one."""

    without: str


Named = BusRules | StreamName | ConsumerName | ClientConnection
