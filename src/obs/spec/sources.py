"""The systems that the collector polls. This is the one list of source kinds.

A kind is a field of `Sources`; its name is the kind's key and the label of the kind's series. Its
room is `obs.sources.<key>`.
"""

from collections.abc import Iterator, Mapping
from typing import Final, get_args

from obs.spec.aws import AwsSource
from obs.spec.model import Model, Name
from obs.spec.nats import NatsSource
from obs.spec.source import SourceSpec


class Sources(Model):
    """Systems by kind, then by a name of your own, which becomes a label."""

    nats: dict[Name, NatsSource] = {}
    """NATS clusters, each under a name of your own."""
    aws: dict[Name, AwsSource] = {}
    """AWS accounts and regions, each under a name of your own."""

    def of(self, kind: str) -> Mapping[str, SourceSpec]:
        """The sources of one kind, by name."""
        found: Mapping[str, SourceSpec] = getattr(self, kind)
        return found

    def every(self) -> Iterator[tuple[str, str, SourceSpec]]:
        """Kind, name and spec of each source, in the order of the kinds."""
        for kind in SOURCE_KINDS:
            yield from ((kind, name, spec) for name, spec in self.of(kind).items())

    def named(self, name: str) -> SourceSpec:
        """The source of this name, which is unique over all kinds. Raises KeyError."""
        return {name: spec for _, name, spec in self.every()}[name]


SOURCE_KINDS: Final = tuple(Sources.model_fields)


def source_model(kind: str) -> type[SourceSpec]:
    """The model of a source of this kind."""
    model: type[SourceSpec] = get_args(Sources.model_fields[kind].annotation)[1]
    return model
