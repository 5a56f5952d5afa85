"""Metrics of HTTP services, by the names that the settings give."""

from dataclasses import dataclass

from obs.catalogue.foreign import counter, gauge, histogram
from obs.catalogue.metric import Metric
from obs.packs.http_service.settings import HttpServicePack


@dataclass(frozen=True, slots=True)
class Metrics:
    """What the services export, and client libraries of their processes.

    The requests are counted by the histogram of the durations, or by a counter of their own.
    """

    durations: Metric
    requests: Metric
    active: Metric
    cpu: Metric
    files: Metric
    most_files: Metric
    memory: Metric

    def every(self) -> tuple[Metric, ...]:
        """Each of them once."""
        own = () if self.requests.name in self.durations.series else (self.requests,)
        processes = (self.cpu, self.files, self.most_files, self.memory)
        return (self.durations, *own, self.active, *processes)


def metrics_of(settings: HttpServicePack) -> Metrics:
    """The metrics with the labels that are read."""
    process = (settings.service, "instance")
    durations = histogram(
        settings.histogram,
        (*process, settings.route, settings.status),
        "Durations of HTTP requests.",
        unit="seconds" if settings.seconds == 1 else "",
        buckets=tuple(round(bound / settings.seconds, 9) for bound in settings.bounds),
    )
    return Metrics(
        durations,
        counter(settings.counted, durations.labels, "HTTP requests that were answered."),
        gauge(settings.active, process, "HTTP requests that are being answered."),
        counter("process_cpu_seconds_total", process, "CPU time that the process has used."),
        gauge("process_open_fds", process, "File descriptors that the process has open."),
        gauge("process_max_fds", process, "File descriptors that the process can have open."),
        gauge("process_resident_memory_bytes", process, "Memory that the process has in RAM."),
    )
