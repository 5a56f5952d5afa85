"""Canaries as a kind of source."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from obs.sources.kind import Clock, OpenedSource, Publishing, SourceCost, SourceKind
from obs.spec.canary import CanarySource

if TYPE_CHECKING:
    from obs.clients.aws import AwsClient
    from obs.sources.canary.tracker import CanaryTracker
    from obs.spec.slis import Sli
    from obs.state import State
    from obs.web.page.content import Filter, KindOnPage
    from obs.web.status import Status, StatusRow

_GRACE = 2.0  # seconds

# ruff: noqa: PLC0415  a kind that is not used loads no more than this module


class Canaries(SourceKind[CanarySource, "CanaryTracker", "AwsClient"]):
    """Marked events on their way through a stream or a bus."""

    key = "canary"
    alerts = "canary"
    causes = ("CanaryLost",)
    libraries = ("nats", "botocore", "urllib3")
    paid = True
    counted_with = "aws"

    def tracker(
        self,
        name: str,
        spec: CanarySource,
        state: "State",
        on_damage: Callable[[], None],
        now: float,
    ) -> "CanaryTracker":
        """Its counts, and the events on their way."""
        from obs.sources.canary.tracker import CanaryTracker

        return CanaryTracker(name, spec, state, on_damage, now)

    def open(
        self,
        name: str,
        spec: CanarySource,
        tracker: "CanaryTracker",
        client: "AwsClient | None",
        clock: Clock,
    ) -> OpenedSource:
        """Its path; an event in each slot."""
        from obs.sources.canary.opened import open_path
        from obs.sources.canary.rounds import POLL_TIMEOUTS, CanaryRounds

        path = open_path(name, spec, client, clock.wall)
        rounds = CanaryRounds(name, spec, path, lambda: tracker.memory, clock.wall)
        timeout = max(spec.timeout, spec.aws.timeout if spec.aws else 0.0)
        return OpenedSource(rounds.poll, POLL_TIMEOUTS * timeout + _GRACE)

    def spends(self, spec: CanarySource) -> bool:
        """Where it publishes to EventBridge."""
        return spec.eventbridge is not None

    def client(self, spec: CanarySource, monotonic: Callable[[], float]) -> "AwsClient | None":
        """A client of the account whose bus it publishes to."""
        if spec.aws is None:
            return None
        from obs.clients.aws import AwsClient

        return AwsClient(spec.aws, monotonic)

    def rows(self) -> Mapping[str, type["StatusRow"]]:
        """What its list consists of."""
        from obs.sources.canary.status import CanaryStatus

        return {"canaries": CanaryStatus}

    def on_page(self, status: "Status", typed: "Filter") -> "KindOnPage":
        """A row for each canary."""
        from obs.sources.canary.page import on_page

        return on_page(status)

    def status(self, trackers: Sequence["CanaryTracker"]) -> Mapping[str, tuple["StatusRow", ...]]:
        """A row for each canary."""
        if not trackers:
            return {"canaries": ()}
        from obs.sources.canary.status import canary_row

        return {"canaries": tuple(map(canary_row, trackers))}

    def costs(
        self,
        sources: Mapping[str, CanarySource],
        publishing: Mapping[str, Publishing],
        slis: "Sequence[Sli]" = (),
    ) -> list[SourceCost]:
        """Of those that publish to EventBridge; asks nothing."""
        from obs.sources.canary.eventbridge_path import estimate_of

        return [
            SourceCost(name, spec.words, estimate_of(spec))
            for name, spec in sources.items()
            if spec.eventbridge
        ]

    def subjects(self, sources: Mapping[str, CanarySource]) -> dict[str, tuple[str, ...]]:
        """The events, their consumer, and claims of slots."""
        from obs.sources.canary import nats_subjects

        found: dict[str, tuple[str, ...]] = {}
        for name, spec in sources.items():
            asked: tuple[str, ...] = ()
            if spec.nats and spec.connection:
                asked = nats_subjects.of_path(name, spec.nats, spec.connection.api)
            elif spec.connection and spec.eventbridge and spec.eventbridge.lease:
                asked = nats_subjects.claims(name, spec.eventbridge.lease, spec.connection.api)
            if asked:
                found[spec.connection_at] = (*found.get(spec.connection_at, ()), *asked)
        return found

    def examples(
        self, sources: Mapping[str, CanarySource], slis: Sequence["Sli"]
    ) -> dict[str, str]:
        """The first canary, and its path."""
        name, spec = next(iter(sources.items()), ("CANARY", None))
        nats, bridge = (spec.nats, spec.eventbridge) if spec else (None, None)
        return {
            "canary": name,
            "canary_stream": nats.stream if nats else "STREAM",
            "canary_bus": bridge.bus if bridge else "BUS",
            "canary_queue": bridge.queue if bridge else "QUEUE",
        }


KIND = Canaries()
"""Canaries."""
