"""Counters of collectors, and alerts, as Prometheus has stored them."""

from typing import Any

import pytest

from obs.clients.prometheus import Series
from obs.slo.history import STEP
from obs.slo_report.from_prometheus import Stored, fired, stored

KEY = ("shop", "paid")
LABELS = {"slo": "paid", "slo_service": "shop"}
START = 900 * STEP


class Server:
    """Answers a range query with the points in it, and records the queries."""

    def __init__(self, **series: list[dict[int, float]]) -> None:
        self._series = series
        self.asked: list[tuple[float, float]] = []

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        assert step == STEP
        self.asked.append((start, end))
        (name,) = (each for each in self._series if each in expression)
        return [
            Series(
                LABELS | {"instance": str(number), "alertname": "Burns", "severity": "critical"},
                tuple((float(at), value) for at, value in points.items() if start <= at <= end),
            )
            for number, points in enumerate(self._series[name])
        ]


def counters(*values: float, begin: int = 0) -> dict[int, float]:
    return {START + (begin + place) * STEP: value for place, value in enumerate(values)}


def read(total: list[dict[int, float]], good: list[dict[int, float]], steps: int) -> Stored:
    server: Any = Server(slo_events_total=total, slo_good_events_total=good)
    end = START + steps * STEP
    return stored(server, [("system", "shop")], {KEY: False}, START, end)[KEY]


def test_events_are_the_differences_of_counters_known_from_the_first_sample_on() -> None:
    found = read([counters(100, 110, 130)], [counters(90, 99, 119)], 2)
    assert found.history.total == (10, 20)
    assert found.history.bad == (1, 0)
    assert (found.history.known_from, found.history.known_until) == (START, START + 2 * STEP)
    assert found.gaps == ()


def test_a_counter_that_fell_began_again_at_0() -> None:
    found = read([counters(100, 110, 5)], [counters(100, 110, 4)], 2)
    assert (found.history.total, found.history.bad) == ((10, 5), (0, 1))


def test_events_of_a_time_without_samples_are_spread_over_it_and_told() -> None:
    total = {START: 0.0, START + 4 * STEP: 40.0}
    found = read([total], [dict(total)], 4)
    assert found.history.total == (10, 10, 10, 10)
    assert found.gaps == ((START, START + 4 * STEP),)


def test_of_several_collectors_the_one_that_counted_most_in_a_step_is_taken() -> None:
    late = counters(0, 25, begin=1)
    found = read([counters(0, 10, 20), late], [counters(0, 10, 20), late], 2)
    assert found.history.total == (10, 25)


def test_an_slo_of_which_nothing_is_stored_has_no_history() -> None:
    found = read([], [], 4)
    assert found.history.known_from is None


def test_a_year_is_asked_for_in_pieces_that_an_answer_can_hold() -> None:
    server: Any = Server(slo_events_total=[], slo_good_events_total=[])
    many = {("shop", str(number)): False for number in range(1000)}
    stored(server, [], many, 0, 365 * 86_400)
    longest = max(end - start for start, end in server.asked)
    assert longest / STEP * 1000 <= 300_000
    assert server.asked[0][0] == 0
    assert server.asked[-1][1] == 365 * 86_400


def test_alerts_are_spans_of_steps_in_which_they_fired() -> None:
    server: Any = Server(ALERTS=[counters(1, 1) | counters(1, begin=5)])
    found = fired(server, [], 1, START, START + 9 * STEP)
    assert [(each.start, each.end) for each in found] == [
        (START - STEP, START + STEP),
        (START + 4 * STEP, START + 5 * STEP),
    ]
    assert (found[0].slo, found[0].alert, found[0].severity) == ("paid", "Burns", "critical")


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_a_count_that_is_no_number_is_left_out(odd: float) -> None:
    found = read([counters(0, odd, 20)], [counters(0, 5, 20)], 2)
    assert found.history.total == (10, 10)
