"""The pack of HTTP services."""

from obs.packs.http_service.alerts import alerts_of
from obs.packs.http_service.metrics import metrics_of
from obs.packs.http_service.pages import page_of
from obs.packs.http_service.quantities import quantities_of
from obs.packs.http_service.settings import HttpServicePack
from obs.packs.pack import Pack


def pack(settings: HttpServicePack) -> Pack:
    """The pack by the names that the settings give."""
    metrics = metrics_of(settings)
    quantities = quantities_of(settings, metrics)
    return Pack(
        "HTTP services",
        "{where: {job: shop}, source: metrics, availability: 99.9, "
        "latency: {objective: 99, below: 500ms}}",
        metrics.every(),
        alerts_of(settings.service, quantities),
        (page_of(settings, metrics, quantities),),
        ((metrics.durations, "OpenTelemetry or a client library in the service"),),
        (
            *(("histogram", settings.histogram), ("status", settings.status)),
            *(("service", settings.service), ("route", settings.route)),
            *(("active", settings.active), ("requests", settings.counted)),
        ),
    )
