"""The pack of services on Google Cloud Run."""

from typing import Final

from obs.packs.cloud_run.alerts import UNREAD as UNREAD_ALERT
from obs.packs.cloud_run.alerts import alerts_of
from obs.packs.cloud_run.metrics import PROJECT, UNREAD, metrics_of
from obs.packs.cloud_run.pages import page_of
from obs.packs.cloud_run.quantities import quantities_of
from obs.packs.cloud_run.settings import CloudRunPack
from obs.packs.pack import Pack

_OF_EXPORTER: Final = {*PROJECT, "job", "instance"}
_FROM: Final = {
    "managed": "Google's managed Prometheus",
    "stackdriver": "stackdriver_exporter --monitoring.aggregate-deltas",
}


def pack(settings: CloudRunPack) -> Pack:
    """The pack as these settings have it: by whose names, for how many instances.

    What the exporter tells of itself has no labels of a service to be chosen by.
    """
    metrics = metrics_of(settings.names)
    quantities = quantities_of(metrics)
    has_exporter = settings.names == "stackdriver" and settings.where.keys() <= _OF_EXPORTER
    return Pack(
        "Cloud Run",
        "{names: stackdriver, max_instances: 100, availability: 99.9, source: metrics}",
        (*metrics.every(), *([UNREAD] if has_exporter else [])),
        (
            *alerts_of(quantities, settings.max_instances),
            *([UNREAD_ALERT] if has_exporter else []),
        ),
        (page_of(metrics, quantities, has_exporter=has_exporter),),
        ((metrics.requests, _FROM[settings.names]),),
    )
