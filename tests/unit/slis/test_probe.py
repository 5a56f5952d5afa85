"""Probes as events of an SLO."""

from dataclasses import dataclass

from obs.errors import SourceError
from obs.slis.kind import Observation
from obs.slis.probe import ProbeMeasurement
from obs.snapshot.probe import Probed, ProbeSnapshot
from obs.spec.slis import ProbeSli

START = 1_800_000_000
SLI = ProbeSli.model_validate({"source": "edge", "targets": ["api*"], "below": "500ms"})


@dataclass
class Tracker:
    snapshot: ProbeSnapshot | None = None


def observed(of: ProbeMeasurement, at: float, *probed: Probed) -> Observation | None:
    return of.observe(Tracker(ProbeSnapshot(at, probed)))


GOOD, SLOW = Probed("api", 0.1), Probed("api", 0.7)
FAILED = Probed("api-2", failure="status")
UNSENT = Probed("api-3", unknown=SourceError("auth", "no"))
OTHER = Probed("db", failure="refused")


def test_a_minute_is_known_when_the_first_probes_of_the_next_are() -> None:
    of = ProbeMeasurement(SLI)
    assert observed(of, START, GOOD, FAILED, UNSENT, OTHER) is None
    assert observed(of, START + 15, SLOW, FAILED) is None
    found = observed(of, START + 61, GOOD, GOOD)
    assert found == Observation({START: (1.0, 4.0)}, START + 60, START)


def test_without_a_limit_a_slow_probe_is_good() -> None:
    of = ProbeMeasurement(ProbeSli.model_validate({"source": "edge"}))
    observed(of, START, SLOW, OTHER)
    found = observed(of, START + 60, SLOW)
    assert found
    assert found.minutes == {START: (1.0, 2.0)}


def test_a_poll_that_is_seen_twice_counts_once() -> None:
    of = ProbeMeasurement(SLI)
    for _ in range(3):
        assert observed(of, START, GOOD) is None
    found = observed(of, START + 60, GOOD)
    assert found
    assert found.minutes == {START: (1.0, 1.0)}


def test_minutes_in_which_nothing_was_probed_have_no_events() -> None:
    of = ProbeMeasurement(SLI)
    observed(of, START, GOOD)
    found = observed(of, START + 3_600, GOOD)
    assert found == Observation({START: (1.0, 1.0)}, START + 3_600, START)


def test_a_minute_goes_on_after_a_restart() -> None:
    of = ProbeMeasurement(SLI)
    assert of.saved() == b""
    observed(of, START, GOOD)
    again = ProbeMeasurement(SLI)
    again.restore(of.saved())
    assert observed(again, START + 30, FAILED) is None
    found = observed(again, START + 60, GOOD)
    assert found
    assert found.minutes == {START: (1.0, 2.0)}


def test_a_clock_that_was_set_back_begins_again() -> None:
    of = ProbeMeasurement(SLI)
    observed(of, START, GOOD)
    assert observed(of, START - 7_200, FAILED) is None
    found = observed(of, START - 7_140, GOOD)
    assert found
    assert found.minutes == {START - 7_200: (0.0, 1.0)}


def test_each_target_has_an_slo_of_its_own_where_the_spec_says_so() -> None:
    sli = ProbeSli.model_validate({"source": "edge", "targets": ["api*"], "by": "target"})
    assert ProbeMeasurement.objects(sli, Tracker()) is None
    snapshot = ProbeSnapshot(START, (GOOD, FAILED, OTHER))
    found = ProbeMeasurement.objects(sli, Tracker(snapshot))
    assert found
    assert {name: each.targets for name, each in found.items()} == {
        "api": ("api",),
        "api-2": ("api-2",),
    }
