"""How many series an object of NATS has, of the metrics that its system exports."""

from collections.abc import Iterable

from obs.catalogue import nats, nats_assets
from obs.catalogue.declare import EXPORTED
from obs.catalogue.exported import Exported
from obs.catalogue.metric import Metric


def of_consumer(exported: Exported, *, connected: bool) -> int:
    """The most series of a consumer with which nothing is wrong.

    `connected`: a connection hears its dead letters. One that is not ok has a series more for each
    reason.
    """
    own = (m for m in EXPORTED.values() if m.labels == nats.CONSUMER or m is nats.CONSUMER_INFO)
    return _counted((m for m in own if connected or m is not nats.DEAD_LETTERS), exported)


def of_stream(exported: Exported) -> int:
    """The most series of a stream, without those of its consumers and origins."""
    return _counted(
        (m for m in EXPORTED.values() if m.labels == nats.STREAM or m is nats_assets.STREAM_INFO),
        exported,
    )


def _counted(metrics: Iterable[Metric], exported: Exported) -> int:
    return sum(metric in exported and not metric.rare for metric in metrics)
