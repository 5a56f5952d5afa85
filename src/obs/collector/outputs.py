"""The outputs that data is pushed to: each is one class here and one line in OUTPUTS."""

import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from obs.collector.daemon import PushedSink
from obs.collector.health import PushHealth
from obs.extras import require_extra
from obs.families.family import Family
from obs.sinks.process import ProcessMetrics
from obs.sinks.pushed import Pushed
from obs.sinks.repeats import push_limit
from obs.sources.kind import Permit, SourceClient
from obs.spec.system import System
from obs.web.status import SinkName

if TYPE_CHECKING:
    from obs.clients.aws import AwsClient
    from obs.sinks.otlp import OtlpSink
    from obs.sinks.remote_write import RemoteWriteSink

GRACE_SECONDS: Final = 5.0
"""Beyond its own deadline a push has this for what is loaded at the first one, and for encoding."""
_AWS_TIMEOUTS: Final = 5
"""Timeouts of one request to AWS that a push may take: one, and what its last call has."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a sink is made of. `clients` are those of the sources, by name; `permit` is asked before
    each request; `before` is the sink of an earlier spec, which is closed."""

    system: System
    health: PushHealth
    clients: Mapping[str, SourceClient]
    permit: Permit
    before: PushedSink | None


class Output(ABC):
    """A way out that is pushed to; its spec is outputs.NAME."""

    name: SinkName
    extra: str

    def require_extras(self, system: System) -> None:
        """Raises MissingExtra where something that it needs is not installed."""
        require_extra(self.extra, f"outputs.{self.name}")

    @abstractmethod
    def sink(self, opening: Opening) -> PushedSink:
        """The sink of its spec."""


class _Otlp(Output):
    name = "otlp"
    extra = "otlp"

    def sink(self, opening: Opening) -> PushedSink:
        """Opened at its first push, because its imports would delay the first scrape."""
        system = opening.system
        spec = system.outputs.otlp
        assert spec is not None
        opened: list[OtlpSink] = []

        def push(families: Sequence[Family], at: float) -> Pushed:
            if not opened:
                from obs.sinks.otlp import identity_of, open_otlp  # noqa: PLC0415  heavy

                opened.append(open_otlp(spec, identity_of(system), opening.permit))
            return opened[0].push(families, at)

        def close() -> None:
            for sink in opened:
                sink.close()

        limit = push_limit(spec.timeout, spec.every)
        return PushedSink(opening.health, push, close, limit + GRACE_SECONDS)


class _CloudWatch(Output):
    name = "cloudwatch"
    extra = "aws"

    def sink(self, opening: Opening) -> PushedSink:
        """It writes through the client of its AWS source, which asks for the permit itself."""
        from obs.sinks.cloudwatch import CloudWatchSink  # noqa: PLC0415

        system = opening.system
        spec = system.outputs.cloudwatch
        assert spec is not None
        client = cast("AwsClient", opening.clients[spec.source])
        timeout = system.sources.of("aws")[spec.source].timeout
        sink = CloudWatchSink(spec, client, timeout=timeout, labels=system.labels)
        return PushedSink(
            opening.health, sink.push, client.close, _AWS_TIMEOUTS * timeout + GRACE_SECONDS
        )


class _RemoteWrite(Output):
    name = "remote_write"
    extra = "remote-write"

    def require_extras(self, system: System) -> None:
        super().require_extras(system)
        spec = system.outputs.remote_write
        if spec is not None and spec.sigv4 is not None:
            require_extra("aws", "outputs.remote_write.sigv4")

    def sink(self, opening: Opening) -> PushedSink:
        """It goes on from what waits in the sink before, and ends the series that are gone."""
        from obs.clients.remote_write import HttpWriter  # noqa: PLC0415  an extra
        from obs.sinks.remote_write import RemoteWriteSink  # noqa: PLC0415

        system, before = opening.system, opening.before
        spec = system.outputs.remote_write
        assert spec is not None
        external = {"job": "obs", "instance": socket.gethostname(), **spec.labels}
        labels = (*system.labels, *external.items())
        more = ProcessMetrics().families
        sink = RemoteWriteSink(spec, HttpWriter(spec), labels, more=more, permit=opening.permit)
        if before is not None:
            sink.go_on(cast("RemoteWriteSink", before.kept))
        return PushedSink(
            opening.health, sink.push, sink.close, sink.limit + GRACE_SECONDS, kept=sink
        )


OUTPUTS: Final[tuple[Output, ...]] = (_Otlp(), _CloudWatch(), _RemoteWrite())


def outputs_of(system: System) -> list[Output]:
    """Those that the spec has."""
    return [output for output in OUTPUTS if output.name in system.outputs.pushed]


def push_healths(system: System) -> dict[str, PushHealth]:
    """The health of each of them, by name."""
    specs = system.outputs.pushed
    return {
        output.name: PushHealth(output.name, specs[output.name].target, specs[output.name].every)
        for output in outputs_of(system)
    }
