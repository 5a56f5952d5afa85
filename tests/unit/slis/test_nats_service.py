"""Requests to micro services as events, minute by minute."""

from pathlib import Path

import pytest

from obs.slis.kind import Observation
from obs.slis.nats_service import RequestMeasurement, ServiceRequests
from obs.sources.nats.service_replies import Replies
from obs.sources.nats.services import Services
from obs.spec.load import load
from obs.spec.report import InvalidSpec
from obs.spec.slis import NatsServiceSli
from obs.state import open_state
from tests.unit.collector.example_slos import ANSWERED
from tests.unit.sources.nats.test_services import reply

START = 1_800_000_000 // 60 * 60


class Asked:
    """A source whose services were asked at `at`."""

    def __init__(self, at: float, **sums: tuple[int, int]) -> None:
        self._found = ServiceRequests(at, sums)

    @property
    def services(self) -> "Asked":
        return self

    def requests(self, *named: object) -> ServiceRequests:
        return self._found


@pytest.fixture
def measurement() -> RequestMeasurement:
    sli = ANSWERED.sli.measured
    assert isinstance(sli, NatsServiceSli)
    return RequestMeasurement(sli)


def test_a_minute_has_the_requests_since_the_one_before(measurement: RequestMeasurement) -> None:
    assert measurement.observe(Asked(START, get=(100, 50))) is None, "what was before may be old"
    assert measurement.observe(Asked(START + 30, get=(110, 51))) is None
    assert measurement.observe(Asked(START + 65, get=(115, 51), put=(7, 7))) == Observation(
        {START: (9.0, 10.0)}, START + 60, START
    )
    assert measurement.observe(Asked(START + 65, get=(115, 51), put=(7, 7))) is None, "no answer"
    assert measurement.observe(Asked(START + 120, get=(115, 51), put=(8, 8))) == Observation(
        {START + 60: (5.0, 5.0)}, START + 120, START + 60
    )


def test_requests_between_answers_that_are_minutes_apart_are_spread(
    measurement: RequestMeasurement,
) -> None:
    measurement.observe(Asked(START, get=(0, 0)))
    assert measurement.observe(Asked(START + 240, get=(40, 8))) == Observation(
        {START: (0.0, 0.0), **{START + 60 * n: (8.0, 10.0) for n in (1, 2, 3)}}, START + 240, START
    )


def test_an_error_may_be_counted_later_than_its_request(measurement: RequestMeasurement) -> None:
    measurement.observe(Asked(START, get=(10, 0)))
    assert measurement.observe(Asked(START + 60, get=(10, 2))) is not None
    found = measurement.observe(Asked(START + 120, get=(10, 2)))
    assert found is not None
    assert found.minutes == {START + 60: (0.0, 2.0)}


def test_sums_that_fell_count_for_nothing(measurement: RequestMeasurement) -> None:
    measurement.observe(Asked(START, get=(10, 5)))
    found = measurement.observe(Asked(START + 60, get=(3, 1)))
    assert found is not None
    found = measurement.observe(Asked(START + 120, get=(4, 1)))
    assert found is not None
    assert found.minutes == {START + 60: (0.0, 0.0)}


def test_a_restart_counts_nothing_twice_and_loses_nothing(measurement: RequestMeasurement) -> None:
    assert measurement.saved() == b""
    measurement.observe(Asked(START, get=(10, 0)))
    measurement.observe(Asked(START + 30, get=(15, 1)))
    again = RequestMeasurement(measurement.sli)
    again.restore(measurement.saved())
    found = again.observe(Asked(START + 60, get=(16, 1)))
    assert found is not None
    assert found.minutes == {START: (4.0, 5.0)}


def test_the_clock_may_be_set_back(measurement: RequestMeasurement) -> None:
    measurement.observe(Asked(START + 3600, get=(10, 0)))
    assert measurement.observe(Asked(START, get=(12, 0))) is None
    found = measurement.observe(Asked(START + 60, get=(12, 0)))
    assert found is not None
    assert found.minutes == {START: (2.0, 2.0)}


def test_services_tell_the_endpoints_that_are_meant(tmp_path: Path) -> None:
    services = Services("main", open_state(tmp_path, pytest.fail), str.lower, 300.0)
    assert services.requests("*", "orders", ("*",)) is None
    replies = Replies()
    replies.take(reply({}, {"name": "put", "num_requests": 3}))
    services.take("A", replies, START)
    assert services.requests("*", "orders", ("g*",)) == ServiceRequests(START, {"A/get": (10, 2)})
    assert services.requests("a", "orders", ("put",)) == ServiceRequests(START, {"A/put": (3, 2)})
    assert services.requests("B", "orders", ("*",)) is None
    assert services.requests("*", "prices", ("*",)) == ServiceRequests(START, {})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("", "source 'main' has no connection, so micro services cannot be asked"),
        (", connection: {servers: [nats://h:1]}", "source 'main' does not collect services"),
    ],
)
def test_an_slo_needs_services_to_be_collected(tmp_path: Path, more: str, message: str) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(
        "version: 1\nsystem: shop\nsources:\n"
        f"  nats: {{main: {{monitor: [http://h:1]{more}}}}}\n"
        "slos:\n  - {name: answered, service: shop, objective: 99, sli: {nats_service:"
        " {source: main, service: orders}}}\n"
    )
    with pytest.raises(InvalidSpec, match=message):
        load([file], variables={})
