"""The systems that the collector polls. This is the one list of source kinds.

A kind is a field of `Sources`; its name is the kind's key and the label of the kind's series. Its
room is `obs.sources.<key>`.
"""

from collections.abc import Iterator, Mapping
from typing import Final, get_args

from pydantic import field_validator, model_validator

from obs.spec.aws import AwsSource
from obs.spec.canary import CanarySource
from obs.spec.model import LONGEST_NAME, Model, Name, wrong
from obs.spec.nats import NatsSource
from obs.spec.probe import ProbeSource
from obs.spec.prometheus import PrometheusSource
from obs.spec.source import SourceSpec


def single(written: Mapping[str, SourceSpec]) -> dict[str, SourceSpec]:
    """Each source by itself, where one as written stands for several. Raises an error from `wrong`
    where two have the same name."""
    found: dict[str, SourceSpec] = {}
    for called, source in written.items():
        for name, each in source.each(called).items():
            if other := found.get(name):
                message = f"stands for {name}, which is another source too; rename one"
                raise wrong(message, each.one_of or other.one_of)
            if len(name) > LONGEST_NAME:
                raise wrong(
                    f"stands for {name}, which is longer than {LONGEST_NAME} characters; shorten "
                    "its name or that of the account",
                    called,
                )
            found[name] = each
    return found


class Sources(Model):
    """Systems by kind, then by a name of your own, which becomes a label."""

    nats: dict[Name, NatsSource] = {}
    """NATS clusters, each under a name of your own."""
    aws: dict[Name, AwsSource] = {}
    """AWS accounts and regions, each under a name of your own."""
    prometheus: dict[Name, PrometheusSource] = {}
    """Prometheus-compatible servers that SLOs are measured with, each under a name of your own."""
    probe: dict[Name, ProbeSource] = {}
    """URLs, TCP ports and certificates that the collector probes, each list of targets under a name
    of your own."""
    canary: dict[Name, CanarySource] = {}
    """Marked events that the collector publishes and sees arrive, each path under a name of your
    own."""

    @model_validator(mode="after")
    def _canaries_have_their_paths(self) -> "Sources":
        for name, each in self.canary.items():
            if problem := each.bind(self.nats, self.aws):
                at, message = problem
                raise wrong(message, ("canary", name, *at))
        return self

    @field_validator("*", mode="after")
    @classmethod
    def _each_by_itself(cls, written: Mapping[str, SourceSpec]) -> dict[str, SourceSpec]:
        return single(written)

    def of(self, kind: str) -> Mapping[str, SourceSpec]:
        """The sources of one kind, by name."""
        found: Mapping[str, SourceSpec] = getattr(self, kind)
        return found

    def every(self) -> Iterator[tuple[str, str, SourceSpec]]:
        """Kind, name and spec of each source, in the order of the kinds."""
        for kind in SOURCE_KINDS:
            yield from ((kind, name, spec) for name, spec in self.of(kind).items())

    def aws_members(self, name: str) -> tuple[AwsSource, ...]:
        """The AWS sources that a source of the spec stands for; none where there is none."""
        if name in self.aws:
            return (self.aws[name],)
        return tuple(each for each in self.aws.values() if each.one_of == name)

    def named(self, name: str) -> SourceSpec:
        """The source of this name, which is unique over all kinds. Raises KeyError."""
        return {name: spec for _, name, spec in self.every()}[name]


SOURCE_KINDS: Final = tuple(Sources.model_fields)


def source_model(kind: str) -> type[SourceSpec]:
    """The model of a source of this kind."""
    model: type[SourceSpec] = get_args(Sources.model_fields[kind].annotation)[1]
    return model
