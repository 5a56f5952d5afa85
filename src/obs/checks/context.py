"""What checks read, each thing once however many checks ask for it."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from typing import Any, TypeVar, cast

from obs.checks.alarm_metrics import MetricFacts
from obs.checks.alarms import AlarmFacts, Topic, built, topics_of
from obs.checks.alarms_live import read_alarms, read_metrics, read_topics
from obs.checks.applied import require_extras
from obs.checks.eventbridge import EventBridgeFacts
from obs.checks.eventbridge_live import read_eventbridge
from obs.checks.http_live import (
    collector_at,
    read_exposition,
    read_rules,
    read_scrape,
    read_status,
)
from obs.checks.permissions import RoleFacts
from obs.checks.permissions_live import read_role
from obs.checks.prometheus import RuleFacts, ScrapeFacts
from obs.checks.retries import Platforms
from obs.checks.roles import parts, read_file
from obs.clients.aws import AwsClient
from obs.clients.http import Http
from obs.errors import SourceError
from obs.extras import require_extra
from obs.snapshot import NatsSnapshot
from obs.sources.nats_http import NatsHttp
from obs.spec.globs import takes
from obs.spec.sources import NatsSource, Selection
from obs.spec.stacks import Reached
from obs.spec.system import System
from obs.stacks.plan import PlanStep
from obs.stacks.targets import alert_stacks, dashboard_stacks
from obs.web.status import Status

ResultT = TypeVar("ResultT")


class CheckContext:
    """Context manager: the clients of one run of the checks. Everything raises SourceError."""

    def __init__(self, system: System, clients: Mapping[str, AwsClient] | None = None) -> None:
        """`clients`: of AWS sources, to use instead of new ones; they stay open."""
        self.system = system
        self._clients = clients or {}
        self._answers: dict[tuple[str, str], Any] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "CheckContext":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def aws(self, name: str) -> AwsClient:
        """The client of an AWS source."""

        def opened() -> AwsClient:
            if name in self._clients:
                return self._clients[name]
            require_extra("aws", f"sources.aws.{name}")
            client = AwsClient(self.system.sources.aws[name], time.monotonic)
            self._stack.callback(client.close)
            return client

        return self._once("aws", name, opened)

    def eventbridge(self, name: str) -> EventBridgeFacts:
        """The rules of an AWS source, their targets, and the queues of those."""
        spec = self.system.sources.aws[name]
        return self._once("eventbridge", name, lambda: read_eventbridge(self.aws(name), spec))

    def jetstream(self, name: str) -> NatsSnapshot:
        """A NATS cluster: every stream and consumer that the spec selects, ephemeral ones not."""
        return self._once("jetstream", name, lambda: self._snapshot(name))

    def captured(self, name: str) -> bool | None:
        """Whether the advisory stream of a NATS source is there; None where the spec has none."""
        spec = self.system.sources.nats[name]
        if spec.connection is None or spec.connection.advisory_stream is None:
            return None
        stream = spec.connection.advisory_stream
        return any(each.name == stream for each in self._everything(name).streams)

    def platforms(self) -> Platforms:
        """Both platforms."""
        sources = self.system.sources
        return Platforms(
            {name: self.jetstream(name) for name in sources.nats},
            {name: self.eventbridge(name) for name in sources.aws},
        )

    def platforms_if_there(self) -> Platforms | None:
        """Both platforms; None where one does not answer."""
        try:
            return self.platforms()
        except SourceError:
            return None

    def alarms(self, name: str) -> AlarmFacts:
        """The CloudWatch alarms of an AWS source."""
        region = self.system.sources.aws[name].region
        return self._once("alarms", name, lambda: read_alarms(self.aws(name), region))

    def topics(self, name: str) -> list[Topic]:
        """The SNS topics that the alarms tell that the spec builds for an AWS source."""

        def read() -> list[Topic]:
            wanted = built(self.system, name, self.alarms(name).account)
            return read_topics(self.aws(name), topics_of(wanted))

        return self._once("topics", name, read)

    def alarm_metrics(self, name: str) -> MetricFacts:
        """What the alarms of an AWS source read."""

        def read() -> MetricFacts:
            return read_metrics(self.aws(name), self.alarms(name))

        return self._once("alarm metrics", name, read)

    def role(self, subject: str) -> RoleFacts:
        """What the role of a part of the system permits, or a document; see roles.subjects."""
        part, source, file = parts(subject)
        if file:
            return read_file(file)
        arn = self.system.checks.roles.get(cast("Any", part))
        arn = arn or self.system.sources.aws[source].role_arn
        return self._once("role", subject, lambda: read_role(self.aws(source), arn))

    def status(self) -> Status:
        """What the collector says of itself."""
        return self._once("status", "", lambda: read_status(collector_at(self.system)))

    def exposition(self) -> str:
        """One scrape of the collector."""
        return self._once("exposition", "", lambda: read_exposition(collector_at(self.system)))

    def scrape(self) -> ScrapeFacts:
        """What Prometheus scrapes."""
        return self._once("scrape", "", lambda: read_scrape(self._prometheus()))

    def rules(self) -> RuleFacts:
        """What Prometheus has loaded."""
        return self._once("rules", "", lambda: read_rules(self._prometheus(), self.system))

    def steps(self, stack: str) -> tuple[PlanStep, ...]:
        """What applying to a stack would do; nothing is done."""
        require_extras([stack])
        find = dashboard_stacks if stack == "grafana" else alert_stacks
        steps: list[PlanStep] = []
        for opened in find(self.system, stack):
            with closing(opened):
                steps += opened.plan()
        return tuple(steps)

    def _prometheus(self) -> Reached:
        stack = self.system.stacks.prometheus
        assert stack is not None
        return stack

    def _snapshot(self, name: str) -> NatsSnapshot:
        """What the spec selects of everything."""
        spec, whole = self.system.sources.nats[name], self._everything(name)
        streams = tuple(one for one in whole.streams if _taken(spec.streams, one.name))
        consumers = tuple(
            one
            for one in whole.consumers
            if _taken(spec.streams, one.stream) and _taken(spec.consumers, one.name)
        )
        return NatsSnapshot(whole.at, whole.servers, streams, consumers)

    def _everything(self, name: str) -> NatsSnapshot:
        """Every stream and consumer of a NATS source, the advisory stream among them."""

        def polled() -> NatsSnapshot:
            spec = self.system.sources.nats[name]
            http = Http(spec.tls, timeout=spec.timeout)
            self._stack.callback(http.close)
            source = NatsHttp(name, _unselected(spec), http, time.time)
            self._stack.callback(source.close)
            return source.poll()

        return self._once("everything", name, polled)

    def _once(self, kind: str, name: str, ask: Callable[[], ResultT]) -> ResultT:
        """An answer, or the error that came instead of it, kept."""
        key = (kind, name)
        if key not in self._answers:
            try:
                self._answers[key] = ask()
            except SourceError as error:
                self._answers[key] = error
            except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
                why = f"{kind}: invalid response ({type(error).__name__})"
                self._answers[key] = SourceError("decode", why)
        answer = self._answers[key]
        if isinstance(answer, SourceError):
            raise answer
        return cast("ResultT", answer)


def _unselected(spec: NatsSource) -> NatsSource:
    return spec.model_copy(update={"streams": Selection(), "consumers": Selection()})


def _taken(selection: Selection, name: str) -> bool:
    return takes(name, selection.include, selection.exclude)
