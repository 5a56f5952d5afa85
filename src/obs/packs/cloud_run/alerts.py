"""Alerts on services on Cloud Run."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Beyond
from obs.alerts.conditions.beyond import Traffic
from obs.packs.cloud_run.metrics import PROJECT, SERVICE
from obs.packs.cloud_run.quantities import METRICS_UNREAD, WINDOW, CloudRunQuantities

_SERVICE: Final = About("service_name", SERVICE)
_KEPT: Final = 30 * MINUTE
_FEW: Final = 0.1
_MOST_USED: Final = 0.8

UNREAD: Final = Alert(
    "CloudRunMetricsUnread",
    Severity.WARNING,
    About("project_id", PROJECT),
    Beyond(METRICS_UNREAD, ">", 0, PROJECT),
    15 * MINUTE,
    "Google's metrics of a project cannot be read.",
    "stackdriver_exporter has failed to read the metrics of project {project_id} for {hold}.",
    "Without them nothing tells how the services do, and no other alert on them fires. A quarter "
    "of an hour is longer than Google's usual trouble.",
    "cloud_run/unread",
    _KEPT,
)


def alerts_of(of: CloudRunQuantities, max_instances: int) -> tuple[Alert, ...]:
    """The alerts on services."""
    busy = Traffic(of.requests, _FEW)
    starting = Traffic(of.starts, 1 / WINDOW, lacking="none starts")
    return (
        Alert(
            "CloudRunInstancesHigh",
            Severity.WARNING,
            _SERVICE,
            Beyond(of.instances, ">", _MOST_USED * max_instances, SERVICE),
            10 * MINUTE,
            "A service on Cloud Run has almost as many instances as it may have.",
            f"{{service_name}} in {{location}} runs {{value}} of at most {max_instances} instances "
            "(threshold {threshold}).",
            "Beyond the most instances Cloud Run answers 429. A fifth left is time to raise it, "
            "or to find what needs so many.",
            "cloud_run/instances",
            _KEPT,
        ),
        Alert(
            "CloudRunErrorsHigh",
            Severity.CRITICAL,
            _SERVICE,
            Beyond(of.errors, ">", 5, SERVICE, busy),
            5 * MINUTE,
            "A service on Cloud Run answers with errors.",
            "{value} of the requests to {service_name} in {location} were answered with 5xx in "
            "{window} (threshold {threshold}).",
            "At 5 % an error budget of 0.1 % for a month is gone in less than 15 hours. Below 60 "
            "requests in ten minutes single errors weigh too much.",
            "cloud_run/errors",
            _KEPT,
        ),
        Alert(
            "CloudRunLatencyHigh",
            Severity.WARNING,
            _SERVICE,
            Beyond(of.latency, ">", 0.5, SERVICE, busy),
            15 * MINUTE,
            "A service on Cloud Run answers slowly.",
            "5 % of the requests to {service_name} in {location} took longer than {value} in "
            "{window} (threshold {threshold}).",
            "Half a second is what people notice. A quarter of an hour leaves out the starts of "
            "new instances after a deployment.",
            "cloud_run/latency",
            _KEPT,
        ),
        Alert(
            "CloudRunCpuHigh",
            Severity.WARNING,
            _SERVICE,
            Beyond(of.cpu, ">", 90, SERVICE),
            15 * MINUTE,
            "Instances on Cloud Run are out of CPU.",
            "The busiest instances of {service_name} in {location} use {value} of their CPU "
            "(threshold {threshold}).",
            "Cloud Run adds instances at 60 %. Above 90 % it cannot, or requests need more CPU "
            "than an instance has.",
            "cloud_run/cpu",
            _KEPT,
        ),
        Alert(
            "CloudRunMemoryHigh",
            Severity.WARNING,
            _SERVICE,
            Beyond(of.memory, ">", 90, SERVICE),
            10 * MINUTE,
            "Instances on Cloud Run are running out of memory.",
            "The fullest instances of {service_name} in {location} use {value} of their memory "
            "(threshold {threshold}).",
            "At 100 % Cloud Run ends the instance, with all requests that it works on.",
            "cloud_run/memory",
            _KEPT,
        ),
        Alert(
            "CloudRunStartSlow",
            Severity.WARNING,
            _SERVICE,
            Beyond(of.start, ">", 10, SERVICE, starting),
            15 * MINUTE,
            "New instances on Cloud Run start slowly.",
            "New instances of {service_name} in {location} take {value} until they are ready "
            "(threshold {threshold}).",
            "The request that a new instance is started for waits for it; ten seconds are what "
            "people and clients give up after.",
            "cloud_run/start",
            _KEPT,
        ),
    )
