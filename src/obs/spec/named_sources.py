"""What names sources of the spec by which it is reached: a connection of one, or its account."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import PrivateAttr

from obs.spec.aws import AwsSource
from obs.spec.model import Model
from obs.spec.nats import NatsConnection, NatsSource
from obs.spec.nats_place import NoConnection, connection_of, no_source

At = tuple[str, ...]
Wrong = tuple[At, str]
"""A field, and what is wrong there."""


class NatsPlace(Protocol):
    """What names a NATS source and one of its accounts."""

    @property
    def source(self) -> str: ...
    @property
    def account(self) -> str | None: ...


class NamesSources(Model):
    """Part of a spec that is bound to the sources that it names once all are known."""

    _connection: NatsConnection | None = PrivateAttr(default=None)
    _connection_at: str = PrivateAttr(default="")
    _aws: AwsSource | None = PrivateAttr(default=None)

    @property
    def connection(self) -> NatsConnection | None:
        """The NATS connection that it uses; None where it uses none."""
        return self._connection

    @property
    def connection_at(self) -> str:
        """Where the spec has that connection, such as sources.nats.main.connection."""
        return self._connection_at

    @property
    def aws(self) -> AwsSource | None:
        """The AWS source whose account it uses; None where it uses none."""
        return self._aws

    def bind_nats(
        self, at: At, named: NatsPlace, sources: Mapping[str, NatsSource]
    ) -> Wrong | None:
        """Look up the connection that the field at `at` names."""
        found = connection_of(named.source, named.account, sources)
        if isinstance(found, NoConnection):
            return (*at, found.field), found.why
        self._connection, self._connection_at = found
        return None

    def bind_aws(self, at: At, name: str, sources: Mapping[str, AwsSource]) -> Wrong | None:
        """Look up the AWS source that the field at `at` names."""
        self._aws = sources.get(name)
        return None if self._aws else ((*at, "source"), no_source("AWS", name, sources))
