"""A receiver is away, or refuses what is pushed: remote write, OTLP, CloudWatch."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from obs.catalogue import BY_NAME
from obs.catalogue.published import published
from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import ACCESS_KEY, SECRET_KEY, AwsEmulator
from obs.sandbox.aws_faults import AwsFaults, Fault
from obs.sandbox.prometheus import prometheus_binary
from tests.integration.collector_process import Scrape, key
from tests.integration.orders import DELIVERED
from tests.integration.otlp_numbers import received, starts
from tests.integration.otlp_receivers import HttpReceiver, http_receiver
from tests.integration.receiving_prometheus import Receiving
from tests.integration.waiting import eventually
from tests.integration.write_receivers import Identity, WriteReceiver, write_receiver
from tests.outages.deliveries import Delivering, delivering
from tests.outages.in_thread import in_thread
from tests.outages.outage import Outage, Recovery
from tests.outages.recovering import until_right
from tests.outages.scraper import Scraper

_EVERY: Final = 1.0  # seconds between two pushes
_PUSHES: Final = 8  # that fail in each outage


def _failed(scrape: Scrape, sink: str) -> float:
    """Pushes that failed."""
    return sum(
        value
        for (name, labels), value in scrape.items()
        if name == "obs_push_errors_total" and ("sink", sink) in labels
    )


def _fail(system: Delivering, sink: str, pushes: int = _PUSHES) -> int:
    """Deliver messages until so many pushes have failed; gives how many there were."""
    before = _failed(system.collector.scrape(), sink)
    system.deliver(4)
    scrape = system.collector.until(lambda scrape: _failed(scrape, sink) >= before + pushes)
    system.deliver(3)
    system.seen()
    return int(_failed(scrape, sink) - before)


def _told(system: Delivering, sink: str) -> list[str]:
    """What is wrong with what the collector says of a sink that is well."""
    up = system.collector.value("obs_push_up", sink=sink)
    return [f"{sink} is down"] * (up != 1)


Samples = set[tuple[Identity, int]]


def _samples(requests: list[Any]) -> Samples:
    return {(series, one.at) for each in list(requests) for series, one in each.items()}


def _bounded(folder: Path) -> Recovery:
    """The receiver sees what it refuses, so that what it lacks in the end is counted exactly."""
    with in_thread(write_receiver()) as receiver:
        push = {"url": receiver.url, "every": "1s", "protocol": "v2", "max_pending_samples": 1000}
        with delivering(folder, remote_write=push) as system:
            eventually(lambda: len(receiver.requests) > 2)
            with Scraper(system.collector) as scraper:
                receiver.status = 503
                failed = _fail(system, "remote_write")
                receiver.status = None
                lost, seconds = until_right(lambda: _not_written(system, receiver))
            left = _samples(receiver.refused) - _samples(receiver.requests)
            dropped = _dropped(system)
            wrong = [lost] * bool(lost) + scraper.faults()
            wrong += [f"{len(left)} samples, of which {dropped} are counted as dropped"] * (
                len(left) != dropped or not dropped
            )
    seen = f"{failed} pushes failed; {dropped} samples beyond the bound, all counted as dropped"
    return Recovery("; ".join(wrong), seconds, seen)


def _dropped(system: Delivering) -> int:
    return int(system.collector.value("obs_push_dropped_points_total", sink="remote_write") or 0)


def _not_written(system: Delivering, receiver: WriteReceiver) -> list[str]:
    """What is yet to be written, or told, of a remote write output."""
    pending = system.collector.value("obs_push_pending_points", sink="remote_write")
    wrong = _told(system, "remote_write") + [f"{pending} samples wait"] * bool(pending)
    name = ("__name__", DELIVERED[0])
    values = [one.value for series, one in receiver.requests[-1].items() if name in series]
    return wrong + [f"{values} were delivered"] * (values != [system.delivered])


def _backlog(folder: Path) -> Recovery:
    """A real Prometheus that is stopped gets every sample of the time without it."""
    binary = prometheus_binary()
    assert binary is not None
    prometheus = Receiving(binary, folder)
    prometheus.process.start()
    push = {"url": prometheus.endpoint, "every": "1s"}
    try:
        with delivering(folder, remote_write=push) as system:
            eventually(lambda: prometheus.ready() and prometheus.query(DELIVERED[0]))
            began = time.time()
            with Scraper(system.collector) as scraper:
                prometheus.process.stop()
                failed = _fail(system, "remote_write")
                prometheus.process.start()
                lost, seconds = until_right(lambda: _not_in(prometheus, system, began))
            wrong = [lost] * bool(lost) + scraper.faults()
    finally:
        prometheus.process.kill()
    return Recovery("; ".join(wrong), seconds, f"{failed} pushes failed; every sample waited")


def _not_in(prometheus: Receiving, system: Delivering, began: float) -> list[str]:
    """What a Prometheus lacks of the pushes since `began` (Unix seconds)."""
    if not prometheus.ready():
        return ["it does not answer"]
    wrong = _told(system, "remote_write")
    found = [*prometheus.query(DELIVERED[0]).values()]
    wrong += [f"{found} were delivered"] * (found != [system.delivered])
    if wrong:
        return wrong
    times = prometheus.times(DELIVERED[0], time.time() - began)
    longest = max(after - before for before, after in pairwise(times))
    return [f"no sample for {longest:.1f} s"] * (longest > 1.5 * _EVERY)


def _otlp(folder: Path) -> Recovery:
    """There is no backlog: what counts are the totals afterwards, with the starts of before."""
    with in_thread(http_receiver()) as receiver:
        push = {"endpoint": receiver.endpoint, "every": "1s"}
        with delivering(folder, otlp=push) as system:
            lost, _ = until_right(lambda: _not_received(system, receiver))
            assert not lost, lost
            begun, last = starts(receiver), received(receiver)
            with Scraper(system.collector) as scraper:
                receiver.status = 503
                for _ in range(4):
                    system.collector.clock.shift += 900
                    failed = _fail(system, "otlp", 2)
                receiver.status = 200
                lost, seconds = until_right(lambda: _not_received(system, receiver))
            wrong = [lost] * bool(lost) + scraper.faults()
            wrong += [
                f"{name} began anew"
                for name, start in starts(receiver).items()
                if start != begun.get(name, start)
            ]
            fell = {
                each[0]
                for each, value in received(receiver).items()
                if each[0].endswith("_total") and value < last.get(each, value)
            }
            wrong += [f"{name} fell" for name in sorted(fell)]
            seen = f"{len(begun)} counters, each with its start; pushes failed, the last {failed}"
    return Recovery("; ".join(wrong), seconds, seen)


def _not_received(system: Delivering, receiver: HttpReceiver) -> list[str]:
    """What an OTLP receiver has, or is told of it, that is not so."""
    if not receiver.requests or receiver.status != 200:
        return ["nothing was received"]
    found = received(receiver).get(DELIVERED)
    wrong = [f"{found} were delivered"] * (found != system.delivered)
    return _told(system, "otlp") + wrong


_PUBLISHED: Final = published(BY_NAME[DELIVERED[0]]).metric


@contextmanager
def _publishing(folder: Path) -> Iterator[tuple[Delivering, AwsFaults, str]]:
    """A collector that publishes what is delivered to CloudWatch, through a proxy."""
    environment = {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    push = {
        "source": "aws",
        "namespace": "OMS/Events",
        "every": "1s",
        "metrics": [DELIVERED[0]],
    }
    with AwsEmulator() as emulator, AwsFaults(emulator.endpoint_url) as faults:
        aws = {"endpoint_url": faults.endpoint_url}
        with delivering(folder, aws, environment, cloudwatch=push) as system:
            yield system, faults, emulator.endpoint_url


def _cloudwatch(folder: Path) -> Recovery:
    """CloudWatch adds up what it is given, so the sum of all points must be what was delivered.

    The first push says nothing of a counter: how much of it was published before is not known.
    """
    with _publishing(folder) as (system, faults, endpoint_url):
        sent = key("obs_push_points_total", sink="cloudwatch")
        system.collector.until(lambda scrape: scrape[sent] > 1)
        first = system.delivered
        with Scraper(system.collector) as scraper:
            system.deliver(2)
            faults.start_fault(Fault.DENIED, "PutMetricData")
            failed = _fail(system, "cloudwatch", 3)
            faults.stop_faults()
            lost, seconds = until_right(lambda: _not_published(system, endpoint_url, first))
        wrong = [lost] * bool(lost) + scraper.faults()
    return Recovery("; ".join(wrong), seconds, f"{failed} pushes failed, each told")


def _not_published(system: Delivering, endpoint_url: str, first: int) -> list[str]:
    """What the points in CloudWatch say that is not so."""
    cloudwatch = aws_events.aws("cloudwatch", endpoint_url)
    now = time.time()
    (metric,) = cloudwatch.list_metrics(Namespace="OMS/Events", MetricName=_PUBLISHED)["Metrics"]
    answer = cloudwatch.get_metric_statistics(
        **metric,
        StartTime=datetime.fromtimestamp(now - 600, UTC),
        EndTime=datetime.fromtimestamp(now + 120, UTC),
        Period=60,
        Statistics=["Sum"],
    )
    found = sum(point["Sum"] for point in answer["Datapoints"])
    expected = system.delivered - first
    wrong = [f"CloudWatch has {found:g} of {expected} deliveries"] * (found != expected)
    return _told(system, "cloudwatch") + wrong


def _no_prometheus() -> str:
    return "" if prometheus_binary() else "prometheus"


_WITHIN: Final = 10 * _EVERY

DRILLS: tuple[Outage, ...] = (
    Outage("the remote write receiver refuses more than may wait", _WITHIN, _bounded, short=True),
    Outage(
        "Prometheus as the remote write receiver is down",
        _WITHIN,
        _backlog,
        missing=_no_prometheus,
    ),
    Outage("the OTLP receiver is away for an hour", _WITHIN, _otlp),
    Outage("CloudWatch refuses what is published", _WITHIN, _cloudwatch),
)
