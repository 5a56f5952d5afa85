"""Processing times for the check of ack_wait, from what a collector exports."""

import pytest

from obs.catalogue import nats_events
from obs.checks.context import CheckContext
from obs.checks.nats import facts
from obs.checks.nats.processing import processing_times
from obs.errors import SourceError
from obs.families.events import EventNumbers, event_families
from obs.families.family import RowCache
from obs.families.histogram import Observations
from obs.sinks.exposition import Exposition
from tests.unit.dashboards.systems import oms

WORKER = ("A", 'O"\\', "worker")


def exposition(*seconds: float) -> str:
    """One scrape of a collector that has these samples of a consumer."""
    observed = Observations(nats_events.PROCESSING.buckets)
    for each in seconds:
        observed.add(each)
    shown = Exposition()
    numbers = EventNumbers({WORKER: observed.histogram()})
    shown.update("main", list(event_families("main", numbers, 1.0, RowCache())))
    return shown.body(openmetrics=False, gzip=False).decode()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [([20.0] * 100, 29.0), ([1.0] * 90 + [40.0] * 10, 45.0), ([900.0] * 20, 300.0)],
)
def test_the_time_of_nearly_all_messages_is_read_from_the_buckets(
    seconds: list[float], expected: float
) -> None:
    assert processing_times(exposition(*seconds), "main") == {WORKER: pytest.approx(expected)}


def test_few_samples_and_other_sources_tell_nothing() -> None:
    assert processing_times(exposition(*[40.0] * 19), "main") == {}
    assert processing_times(exposition(*[40.0] * 20), "other") == {}
    assert processing_times("no exposition", "main") == {}


def test_the_check_judges_without_a_running_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_: object) -> str:
        raise SourceError("connection", "refused")

    monkeypatch.setattr("obs.checks.context.read_exposition", silent)
    with CheckContext(oms()) as context:
        assert facts.processing(context, "main") == {}


def test_the_check_reads_the_running_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    scraped = exposition(*[40.0] * 20)
    monkeypatch.setattr("obs.checks.context.read_exposition", lambda _: scraped)
    with CheckContext(oms()) as context:
        assert facts.processing(context, "main") == {WORKER: pytest.approx(58.5)}
