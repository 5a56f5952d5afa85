"""Which firings people are notified of, and how many pages they make."""

from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.alert_stats.history import Firing
from obs.alert_stats.notifying import Timing
from obs.alert_stats.pages import Silence, Way, matches, notified_spans, sent
from obs.alert_stats.setting import setting
from obs.alert_stats.stats import WEEK, Setting, budget
from obs.alerts.routing import inhibitions
from obs.alerts.tuning import tuned_alerts
from obs.spec.load import load
from obs.spec.system import System
from tests.unit.alerts.silencing import firing, fits, silences

REFERENCE = Path(__file__).parents[3] / "collectors" / "oms.yaml"
MONDAY = 1_790_000_000 // (7 * 86_400) * 7 * 86_400 + 4 * 86_400.0
"""Midnight, in UTC: Unix time began on a Thursday."""


@pytest.fixture(scope="module")
def system() -> System:
    return load([REFERENCE], variables={})


@pytest.fixture(scope="module")
def reference(system: System) -> Setting:
    return setting(system, tuned_alerts(system), ZoneInfo("UTC"))


def labels(**given: str) -> tuple[tuple[str, str], ...]:
    ours = {"managed_by": "obs", "system": "oms", "environment": "production"}
    return tuple(sorted({**ours, **given}.items()))


def test_each_alert_is_inhibited_by_those_that_alertmanager_takes_for_louder(
    system: System,
) -> None:
    alerts = tuned_alerts(system)
    rules = inhibitions(alerts, system)
    found = 0
    for one, other in product(alerts[::3], alerts[::2]):
        both = [
            Firing(tuple(sorted(each.items())), 0, 100) for each in (firing(one), firing(other))
        ]
        if both[0].labels == both[1].labels:
            continue
        is_silent = notified_spans(both, rules)[both[1].labels] == []
        assert is_silent == silences(rules, firing(one), firing(other))
        found += is_silent
    assert found > 10


MATCHER = st.tuples(
    st.sampled_from(["a", "b"]),
    st.sampled_from(["=", "!=", "=~", "!~"]),
    st.sampled_from(["", "x", "x|y"]),
)


@given(st.dictionaries(st.sampled_from("ab"), st.sampled_from(["", "x", "y"])), st.lists(MATCHER))
def test_matchers_select_what_alertmanagers_would(
    given_: dict[str, str], matchers: list[tuple[str, str, str]]
) -> None:
    assert matches(given_, matchers) == fits(given_, matchers)


def test_alerts_of_one_name_are_one_page_however_many_objects_have_them(
    reference: Setting,
) -> None:
    storm = [
        Firing(
            labels(alertname="NatsConsumerStalled", severity="critical", consumer=str(index)),
            MONDAY,
            MONDAY + 3000,
        )
        for index in range(50)
    ]
    found = sent(storm, reference.rules, reference.way_of, MONDAY + WEEK)
    assert [(each.is_page, each.alerts) for each in found] == [(True, ("NatsConsumerStalled",))]


def test_what_resolved_before_the_groups_wait_was_over_pages_nobody(reference: Setting) -> None:
    short = Firing(labels(alertname="NatsServerDown", severity="critical"), MONDAY, MONDAY + 10)
    assert sent([short], reference.rules, reference.way_of, MONDAY + WEEK) == []


def test_warnings_of_the_night_are_notified_in_the_morning_if_they_still_fire(
    reference: Setting,
) -> None:
    """The reference system is quiet from 20:00 to 07:00."""
    evening = MONDAY + 21 * 3600
    over = Firing(labels(alertname="NatsConsumerSlow", severity="warning"), evening, evening + 3600)
    still = Firing(
        labels(alertname="NatsConsumerLagHigh", severity="warning"), evening, evening + 12 * 3600
    )
    found = sent([over, still], reference.rules, reference.way_of, MONDAY + WEEK)
    assert [each.alerts for each in found] == [("NatsConsumerLagHigh",)]
    morning = MONDAY + 31 * 3600
    assert morning <= found[0].at <= morning + 900
    assert not found[0].is_page


def test_info_notifies_nobody_and_pages_nobody(reference: Setting) -> None:
    info = Firing(labels(alertname="X", severity="info"), MONDAY, MONDAY + 3000)
    odd = Firing(labels(alertname="X", severity="urgent"), MONDAY, MONDAY + 3000)
    assert sent([info, odd], reference.rules, reference.way_of, MONDAY + WEEK) == []


def test_without_notify_pages_are_counted_by_the_defaults(system: System) -> None:
    bare = system.model_copy(update={"notify": None})
    own = setting(bare, tuned_alerts(bare), ZoneInfo("UTC"))
    down = Firing(labels(alertname="NatsServerDown", severity="critical"), MONDAY, MONDAY + 60)
    (found,) = sent([down], own.rules, own.way_of, MONDAY + WEEK)
    assert (found.is_page, found.at) == (True, MONDAY + 15)
    assert own.is_quiet is None


def test_working_hours_are_those_of_the_time_zone(system: System) -> None:
    own = setting(system, (), ZoneInfo("Asia/Tokyo"))
    assert own.is_off_hours(MONDAY + 9 * 3600)  # 18:00 there
    assert not own.is_off_hours(MONDAY + 3600)  # 10:00 there
    assert own.is_off_hours(MONDAY - 86_400 + 3600)  # a Sunday


@given(st.lists(st.integers(0, 30 * 86_400), max_size=30), st.integers(0, 20))
def test_a_budget_is_of_weeks_and_of_one_at_least(moments: list[int], weekly: int) -> None:
    down = labels(alertname="NatsServerDown", severity="critical")
    pages = [
        each
        for at in moments
        for each in sent(
            [Firing(down, float(at), at + 60.0)],
            (),
            lambda _: Way("all", ("alertname",), Timing(0, 60, 3600)),
            1e9,
        )
    ]
    assert len(pages) == len(moments)
    month = budget(pages, weekly, 4 * WEEK)
    assert month.is_over == (len(moments) > 4 * weekly)
    assert budget(pages, weekly, WEEK / 7).is_over == (len(moments) > weekly)
    assert not budget(pages, None, WEEK).is_over
    worst = max((sum(at - WEEK < other <= at for other in moments) for at in moments), default=0)
    assert month.worst_week == worst


def test_what_is_silenced_is_notified_when_the_silence_ends(reference: Setting) -> None:
    down = labels(alertname="NatsServerDown", severity="critical")
    firings = [Firing(down, MONDAY, MONDAY + 60), Firing(down, MONDAY + 3600, MONDAY + 9000)]
    silence = Silence((("alertname", "=~", "Nats.*"),), (MONDAY - 60, MONDAY + 7200))
    found = sent(firings, reference.rules, reference.way_of, MONDAY + WEEK, [silence])
    assert [each.at for each in found] == [MONDAY + 7215]
    other = Silence((("alertname", "=", "Other"),), silence.span)
    assert len(sent(firings, reference.rules, reference.way_of, MONDAY + WEEK, [other])) == 2


@pytest.mark.parametrize(
    ("pattern", "is_judged"),
    [
        ("a|b.*", True),
        ("(a|b)c", True),
        ("(a+)+", False),
        ("a**", False),
        (r"\pL", False),
        ("x" * 2001, False),
    ],
)
def test_only_patterns_that_python_evaluates_at_once_are_judged(
    pattern: str, is_judged: bool
) -> None:
    assert Silence((("a", "=~", pattern),), (0, 1)).is_judged == is_judged
    assert Silence((("a", "=", pattern),), (0, 1)).is_judged
