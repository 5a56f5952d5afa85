"""NATS as a kind of source."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from obs.catalogue.exported import Exported
from obs.catalogue.metric import Metric
from obs.catalogue.nats_groups import event_of, group_of
from obs.redaction.address import shown_address
from obs.sources.examples import first_plain
from obs.sources.kind import Clock, OpenedSource, SourceClient, SourceKind
from obs.spec.nats import NatsSource
from obs.spec.watched import ConsumerName

if TYPE_CHECKING:
    from obs.families.family import Family, RowCache
    from obs.snapshot.nats import NatsSnapshot
    from obs.sources.nats.consumer_tracker import ConsumerTracker
    from obs.spec.outputs import Web
    from obs.spec.slis import Sli
    from obs.state import State
    from obs.web.page.content import Filter, KindOnPage
    from obs.web.status import Status, StatusRow

# ruff: noqa: PLC0415  a kind that is not used loads no more than this module

_CONNECTION_INTERVAL = 15.0


class Nats(SourceKind[NatsSource, "ConsumerTracker", SourceClient]):
    """JetStream's consumers and streams on NATS clusters."""

    key = "nats"
    alerts = "nats"
    causes = ("NatsServerDown", "NatsServerUnhealthy", "NatsAssetsMissing")
    libraries = ("nats",)

    def tracker(
        self, name: str, spec: NatsSource, state: "State", on_damage: Callable[[], None], now: float
    ) -> "ConsumerTracker":
        """The history of its consumers and streams."""
        from obs.sources.nats.consumer_tracker import ConsumerTracker

        return ConsumerTracker(name, spec, state, on_damage, now)

    def open(
        self,
        name: str,
        spec: NatsSource,
        tracker: "ConsumerTracker",
        client: SourceClient | None,
        clock: Clock,
    ) -> OpenedSource:
        """Its servers or accounts and, with a connection, dead letters and exact lag."""
        from obs.sources.nats.asking import PATIENCE
        from obs.sources.nats.connection import ExactLag, dead_letters, events, names
        from obs.sources.nats.opened import open_cluster
        from obs.sources.nats.service_polls import service_polls

        source = open_cluster(
            name,
            spec,
            clock.wall,
            tracker.accounts,
            by_subject=True,
            peers="nats-exporter" in tracker.compat,
        )
        # The first search for servers, then their answers, and again with settings.
        limit = (1 + 2 * PATIENCE) * spec.timeout + 1
        if not spec.every_connection:
            return OpenedSource(source.poll, limit)
        exact = ExactLag(name, spec.every_connection, tracker, clock.monotonic)
        heard = [dead_letters(name, spec, each, tracker, clock) for each in names(spec)]
        heard += [
            events(name, spec, each, tracker) for each in spec.every_connection if each.events
        ]
        return OpenedSource(
            source.poll,
            limit,
            refine=exact.refine,
            listeners=(*heard, *exact.listeners(), *service_polls(name, spec, tracker, clock)),
        )

    def connections(self, spec: NatsSource) -> Mapping[str, float]:
        """Those for dead letters, and for micro services."""
        from obs.sources.nats.connection import names
        from obs.sources.nats.service_polls import service_names

        return dict.fromkeys((*names(spec), *service_names(spec)), _CONNECTION_INTERVAL)

    def status(
        self, trackers: Sequence["ConsumerTracker"]
    ) -> Mapping[str, tuple["StatusRow", ...]]:
        """Consumers, streams, servers, and accounts whose dead letters no connection hears."""
        if not trackers:
            return {"consumers": (), "streams": (), "servers": (), "unheard_accounts": ()}
        from obs.sources.nats.server_status import server_rows
        from obs.sources.nats.status import consumer_rows, stream_rows, unheard_rows

        return {
            "consumers": tuple(row for each in trackers for row in consumer_rows(each)),
            "streams": tuple(row for each in trackers for row in stream_rows(each)),
            "servers": tuple(
                row
                for each in trackers
                if each.snapshot
                for row in server_rows(each.source, each.snapshot)
            ),
            "unheard_accounts": tuple(row for each in trackers for row in unheard_rows(each)),
        }

    def rows(self) -> Mapping[str, type["StatusRow"]]:
        """What its lists consist of."""
        from obs.sources.nats.server_status import ServerStatus
        from obs.sources.nats.status import ConsumerStatus, StreamStatus, UnheardAccount

        return {
            "consumers": ConsumerStatus,
            "streams": StreamStatus,
            "servers": ServerStatus,
            "unheard_accounts": UnheardAccount,
        }

    def on_page(self, status: "Status", typed: "Filter") -> "KindOnPage":
        """Consumers, streams and servers."""
        from obs.sources.nats.page import on_page

        return on_page(status, typed)

    def series(self, sources: Mapping[str, NatsSource], exported: Exported) -> dict[str, int]:
        """Of consumers and streams."""
        from obs.catalogue import cost

        connected = any(each.every_connection for each in sources.values())
        return {
            "consumer": cost.of_consumer(exported, connected=connected),
            "stream": cost.of_stream(exported),
        }

    def compat(self, snapshot: "NatsSnapshot", web: "Web", cache: "RowCache") -> "Sequence[Family]":
        """Those of prometheus-nats-exporter."""
        if "nats-exporter" not in web.compat:
            return ()
        from obs.families.peers.nats_exporter import families
        from obs.spec.globs import matches

        names = web.nats_exporter
        every = families(snapshot.peers, cache, prefix=names.prefix, identity=names.server_id)
        return [each for each in every if not matches(each.metric.name, names.exclude)]

    def sizes(
        self, name: str, spec: NatsSource, exported: Exported
    ) -> Mapping[int, tuple[Mapping[str, int], int]]:
        """By one poll of the whole cluster."""
        from obs.sources.nats.shard_sizes import sizes

        return sizes(name, spec, exported)

    def polled_once(self, sources: Mapping[str, NatsSource]) -> "list[Family]":
        """What one poll of each cluster shows."""
        from obs.sources.nats.opened import families_now

        return [each for name, spec in sources.items() for each in families_now(name, spec)]

    def not_collected(self, sources: Mapping[str, NatsSource], metric: Metric) -> str:
        """The metric's group of a cluster, where no source's `collect` has it, or its kind of
        event, where no connection counts it."""
        if event := event_of(metric):
            connections = [each for source in sources.values() for each in source.every_connection]
            counted = any(event in each.events for each in connections)
            return "" if counted else f"{event} in the events of a connection"
        group = group_of(metric)
        collected = {each for source in sources.values() for each in source.collect}
        return "" if group in {"", *collected} else f"{group} in collect"

    def examples(self, sources: Mapping[str, NatsSource], slis: Sequence["Sli"]) -> dict[str, str]:
        """Addresses, and the consumer of the first SLI on one, else the first that is named."""
        first = next(iter(sources.values()), None)
        connection = next(iter(first.every_connection), None) if first else None
        named = (each for sli in slis for each in sli.measured.names())
        of_sli = next((each for each in named if isinstance(each, ConsumerName)), None)
        streams = [name for each in sources.values() for name in each.streams.include]
        consumers = [name for each in sources.values() for name in each.consumers.include]
        return {
            "monitor": _plain(first.monitor if first else None, "MONITOR_URL"),
            "nats": _plain(connection.servers if connection else None, "NATS_URL"),
            "stream": of_sli.stream if of_sli else first_plain(streams, "STREAM"),
            "consumer": of_sli.consumer if of_sli else first_plain(consumers, "CONSUMER"),
        }


def _plain(addresses: Sequence[str] | None, word: str) -> str:
    """The first address, for a runbook; the word where there is none, or it may hold a token."""
    first = addresses[0] if addresses else word
    return first if shown_address(first) == first or first == word else word


KIND = Nats()
