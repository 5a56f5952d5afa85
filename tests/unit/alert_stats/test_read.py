"""What is made of a Prometheus' answers; a real one is asked in tests/integration."""

import itertools
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.alert_stats.history import Firing
from obs.alert_stats.read import MOST_POINTS, read, step_of
from obs.clients.prometheus import Prometheus, QueryError, Series
from obs.errors import BadInput, SourceError
from obs.spec.system import System

SYSTEM = System.model_validate(
    {"version": 1, "system": "shop", "sources": {"nats": {"m": {"monitor": ["http://n:8222"]}}}}
)
KNOWN = {"Down": {"alertname", "severity", "server"}}
X = {"alertname": "Down", "severity": "critical", "server": "n1"}


class Fake:
    """Answers with the points of series in the span that is asked for."""

    def __init__(
        self,
        begins: dict[float, float],
        ends: list[float],
        *,
        at_start: bool = False,
        watched: bool = True,
        refuse: Callable[[float], SourceError | None] = lambda points: None,
        labels: dict[str, str] | None = None,
    ) -> None:
        self.begins, self.ends, self.at_start, self.watched = begins, ends, at_start, watched
        self.refuse = refuse
        self.labels = labels or X
        self.asked: list[tuple[float, float, float]] = []

    def query(self, expression: str, at: float) -> list[Series]:
        return [Series({**self.labels, "alertstate": "firing"}, ((at, 1),))] * self.at_start

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        if error := self.refuse((end - start) / step + 1):
            raise error
        self.asked.append((start, end, step))
        count = int((end - start) // step) + 1
        if "Watchdog" in expression:
            moments = [(start + index * step, 1.0) for index in range(count)]
            return [Series({}, tuple(moments))] if self.watched else []
        if "pending" in expression:
            return [Series({"alertname": "Down"}, ((start, 2.0),))]
        is_begins = "FOR_STATE" in expression
        points = self.begins if is_begins else dict.fromkeys(self.ends, 1.0)
        inside = tuple((at, value) for at, value in sorted(points.items()) if start <= at <= end)
        name = {"__name__": "ALERTS_FOR_STATE" if is_begins else "ALERTS"}
        return [Series({**self.labels, **name}, inside)] if inside else []


def asked(fake: Fake, start: float = 0, end: float = 6000) -> Any:
    return read(cast(Prometheus, fake), SYSTEM, KNOWN, start, end)


def spans(firings: tuple[Firing, ...]) -> list[tuple[float, float, bool, bool]]:
    return [(each.begin, each.end, each.is_cut, each.is_open) for each in firings]


def test_begins_and_ends_make_firings_that_know_how_long_their_condition_held() -> None:
    found = asked(Fake({100: 40, 300: 1, 5000: 4990}, [200, 350]))
    assert spans(found.firings) == [
        (100, 200, False, False),
        (300, 350, False, False),
        (5000, 6000, False, True),
    ]
    assert [each.held for each in found.firings] == [60, 299, 10]


def test_what_fired_when_the_range_began_is_cut() -> None:
    assert spans(asked(Fake({}, [50], at_start=True)).firings) == [(0, 50, True, False)]
    assert spans(asked(Fake({}, [], at_start=True)).firings) == [(0, 6000, True, True)]


def test_labels_that_do_not_tell_an_alert_apart_are_left_out() -> None:
    replica = {**X, "replica": "b", "instance": "i"}
    (firing,) = asked(Fake({100: 1}, [200], labels=replica)).firings
    assert dict(firing.labels) == X
    unknown = {**replica, "alertname": "Other"}
    (firing,) = asked(Fake({100: 1}, [200], labels=unknown)).firings
    assert dict(firing.labels) == unknown


def test_without_the_watchdog_nothing_tells_when_rules_were_evaluated() -> None:
    assert asked(Fake({}, [], watched=False)).known is None
    assert asked(Fake({}, [])).known_seconds == 6000


@given(st.floats(60, 400 * 86_400))
def test_a_range_is_looked_at_as_finely_as_one_query_allows(seconds: float) -> None:
    step = step_of(seconds)
    assert step in (1, 5, 15, 30, 60)
    assert step == 60 or seconds / step <= MOST_POINTS


def test_no_query_asks_for_more_points_than_a_server_gives() -> None:
    fake = Fake({86_400.0 * 20: 1}, [86_400.0 * 25])
    found = asked(fake, 0, 28 * 86_400)
    assert max((end - start) / step + 1 for start, end, step in fake.asked) <= 11_000
    assert spans(found.firings) == [(86_400 * 20, 86_400 * 25, False, False)]
    pieces = sorted({(start, end) for start, end, _ in fake.asked})
    assert all(one[1] + 60 == other[0] for one, other in itertools.pairwise(pieces))


@pytest.mark.parametrize(
    "error",
    [
        SourceError("too_large", "larger than 16 MB"),
        QueryError("http_status", "execution: query processing would load too many samples"),
    ],
)
def test_a_piece_that_is_too_much_for_one_answer_is_halved(error: SourceError) -> None:
    fake = Fake({100: 1}, [4000], refuse=lambda points: error if points > 1000 else None)
    assert spans(asked(fake).firings) == [(100, 4000, False, False)]


def test_a_server_that_refuses_everything_is_told_once_and_never_asked_for_ever() -> None:
    fake = Fake({}, [], refuse=lambda points: SourceError("too_large", "larger"))
    with pytest.raises(SourceError, match="larger"):
        asked(fake)
    fake = Fake({}, [], refuse=lambda points: QueryError("http_status", "bad_data: no"))
    with pytest.raises(QueryError, match="bad_data"):
        asked(fake)


def test_more_firings_than_are_counted_are_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("obs.alert_stats.read.MOST_FIRINGS", 3)
    fake = Fake({float(at): 1 for at in range(10, 100, 10)}, [])
    with pytest.raises(BadInput, match="shorter --since"):
        asked(fake)
