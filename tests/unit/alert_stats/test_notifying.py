"""Alertmanager's groups: when people are notified of alerts that fired."""

from hypothesis import given
from hypothesis import strategies as st

from obs.alert_stats.history import Span, union
from obs.alert_stats.notifying import Notification, Timing, notifications

SPAN = st.tuples(st.integers(0, 200), st.integers(1, 80)).map(
    lambda drawn: (float(drawn[0]), float(drawn[0] + drawn[1]))
)
ALERTS = st.lists(st.lists(SPAN, max_size=4).map(union), min_size=1, max_size=4)
TIMINGS = st.builds(
    Timing, st.integers(0, 30).map(float), st.integers(1, 30).map(float), st.just(100.0)
)
UNTIL = 300.0


def simulated(alerts: list[tuple[Span, ...]], timing: Timing) -> list[Notification]:
    """The same, looked at once an interval without any shortcut."""
    found: list[Notification] = []
    begins = sorted(begin for spans in alerts for begin, _ in spans)
    told: frozenset[int] = frozenset()
    told_at = 0.0
    at = begins[0] + timing.wait if begins else UNTIL
    while at < UNTIL:
        firing = frozenset(
            index
            for index, spans in enumerate(alerts)
            if any(begin <= at < end for begin, end in spans)
        )
        if not firing:
            told = frozenset()
            later = [begin for begin in begins if begin > at]
            at = later[0] + timing.wait if later else UNTIL
            continue
        is_quiet = timing.is_quiet is not None and timing.is_quiet(at)
        if not is_quiet and (firing != told or at - told_at >= timing.repeat):
            found.append(Notification(at, firing, not told))
            told, told_at = firing, at
        at += timing.interval
    return found


@given(ALERTS, TIMINGS)
def test_shortcuts_change_nothing(alerts: list[tuple[Span, ...]], timing: Timing) -> None:
    assert notifications(alerts, timing, UNTIL) == simulated(alerts, timing)


@given(ALERTS, TIMINGS, st.integers(0, 200), st.integers(0, 100))
def test_nothing_is_notified_in_quiet_hours_and_what_still_fires_is_afterwards(
    alerts: list[tuple[Span, ...]], timing: Timing, begin: int, seconds: int
) -> None:
    def is_quiet(at: float) -> bool:
        return begin <= at < begin + seconds

    quiet = Timing(timing.wait, timing.interval, timing.repeat, is_quiet)
    found = notifications(alerts, quiet, UNTIL)
    assert found == simulated(alerts, quiet)
    assert not any(is_quiet(each.at) for each in found)


@given(ALERTS, TIMINGS)
def test_a_group_pages_no_more_often_than_its_alerts_would_alone(
    alerts: list[tuple[Span, ...]], timing: Timing
) -> None:
    def pages(group: list[tuple[Span, ...]]) -> int:
        return sum(each.is_first for each in notifications(group, timing, UNTIL))

    assert pages(alerts) <= sum(len(spans) for spans in alerts)
    assert pages(alerts) <= len(union(span for spans in alerts for span in spans))


def at(*alerts: list[Span], wait: float = 15, repeat: float = 14_400) -> list[tuple[float, bool]]:
    found = notifications(alerts, Timing(wait, 300, repeat), 100_000)
    return [(each.at, each.is_first) for each in found]


def test_an_alert_that_resolves_while_its_group_waits_notifies_nobody() -> None:
    assert at([(0, 10)]) == []
    assert at([(0, 20)]) == [(15, True)]


def test_alerts_that_join_a_group_that_was_notified_are_an_update_and_no_page() -> None:
    assert at([(0, 1000)], [(5, 1000)]) == [(15, True)]
    assert at([(0, 1000)], [(100, 1000)]) == [(15, True), (315, False)]


def test_an_alert_that_fires_again_before_the_next_look_does_not_page_again() -> None:
    assert at([(0, 100), (200, 1000)]) == [(15, True)]
    assert at([(0, 100), (400, 1000)]) == [(15, True), (415, True)]


def test_what_goes_on_is_repeated() -> None:
    assert at([(0, 7300)], repeat=3600) == [(15, True), (3615, False), (7215, False)]
