"""KV and object store buckets, and messages by subject: a section of the JetStream page."""

from typing import Final

from obs.catalogue import nats, nats_assets
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.tables import TableRows

_TITLES: Final = {"nats": "NATS", "account": "Account", "bucket": "Bucket"}
_NARROW: Final = {"nats": 90, "account": 80}


def section(context: BuildContext, none: str) -> Section:
    """Its panels; `none` is the text of an empty one."""
    buckets = MetricPanels(context, VariableScope(nats.STREAM[:2]), none, context.nats_poll)
    streams = MetricPanels(context, VariableScope(nats.STREAM), none, context.nats_poll)
    columns = [
        buckets.column(nats_assets.KV_KEYS, width=80),
        buckets.column(nats_assets.KV_BYTES),
        buckets.column(nats_assets.KV_MAX_BYTES, title="Limit"),
        buckets.column(nats_assets.KV_HISTORY, width=80),
        buckets.column(nats_assets.KV_WATCHERS, width=90),
    ]
    table = buckets.table(
        "jetstream/kv_buckets",
        "KV buckets",
        "What each KV bucket holds; a deleted key counts until its marker is removed.",
        TableRows(_TITLES, widths=_NARROW),
        columns,
        nats_assets.KV_BYTES.title,
    )
    objects = buckets.lines("jetstream/object_stores", nats_assets.OBJECT_STORE_BYTES)
    counted = streams.lines(
        "jetstream/subjects",
        nats_assets.STREAM_SUBJECT_MESSAGES,
        highest=10,
        legend="{{stream}}: {{subject}}",
    )
    return Section("Buckets and subjects", [Band(8, [table, objects, counted], (10, 7, 7))])
