"""A place that the spec names by one of its NATS sources: a connection, and a bucket there."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from pydantic import Field

from obs.spec.model import Matching, Model, Name
from obs.spec.nats import AccountName, NatsConnection, NatsSource
from obs.spec.source import SourceSpec

BucketName = Annotated[
    str,
    Field(max_length=200),
    Matching(r"^[A-Za-z0-9_-]+$", "the name of a key-value bucket, for example obs"),
]


class NatsBucket(Model):
    """A key-value bucket of JetStream where collectors agree on something."""

    source: Name
    """NATS source with a connection."""
    account: AccountName | None = None
    """Account of the connection, where the source has several (default: its only one)."""
    bucket: BucketName
    """Key-value bucket that exists; `nats kv add NAME` makes one."""

    @property
    def in_words(self) -> str:
        """The place, for people."""
        return f"NATS bucket {self.bucket} of source {self.source}"


class NoConnection(NamedTuple):
    """Why there is no such connection; `field` is what is wrong of those that name it."""

    field: str
    why: str


def connection_of(
    name: str, account: str | None, sources: Mapping[str, NatsSource]
) -> tuple[NatsConnection, str] | NoConnection:
    """The connection of a source, or its only one, and where the spec has it, such as
    sources.nats.main.connection."""
    source = sources.get(name)
    if source is None:
        return NoConnection("source", no_source("NATS", name, sources))
    every = source.every_connection
    if not every:
        add = f"add sources.nats.{name}.connection"
        return NoConnection("source", f"source {name!r} has no connection to publish on; {add}")
    chosen = [each for each in every if account in (None, each.account)]
    if len(chosen) != 1:
        accounts = ", ".join(each.account for each in every)
        wanted = "several connections" if chosen else f"no connection of {account!r}"
        return NoConnection("account", f"source {name!r} has {wanted}; choose from {accounts}")
    of = "connection" if len(every) == 1 else f"connection/{chosen[0].account}"
    return chosen[0], f"sources.nats.{name}.{of}"


def no_source(words: str, name: str, known: Mapping[str, SourceSpec]) -> str:
    """What is wrong where the spec has no source of that name."""
    if not known:
        return f"no {words} source {name!r}: the spec has none; add it to sources"
    return f"no {words} source {name!r}; choose from {', '.join(sorted(known))}"
