"""Events of a canary as events of an SLO."""

from dataclasses import dataclass

from obs.slis.canary import CanaryMeasurement
from obs.slis.kind import Observation
from obs.snapshot.canary import CanarySnapshot
from obs.spec.slis import CanarySli

START = 1_800_000_000
SLI = CanarySli.model_validate({"source": "orders", "below": "1s"})


@dataclass
class Tracker:
    snapshot: CanarySnapshot | None = None
    outcomes: tuple[tuple[float, float | None], ...] = ()
    undecided_since: float | None = None


def observed(
    of: CanaryMeasurement,
    at: float,
    *outcomes: tuple[float, float | None],
    undecided: float | None = None,
) -> Observation | None:
    return of.observe(Tracker(CanarySnapshot(at), outcomes, undecided))


def test_an_event_counts_in_the_minute_in_which_it_was_published() -> None:
    of = CanaryMeasurement(SLI)
    assert observed(of, START, (START, 0.2)) is None
    found = observed(of, START + 65, (START + 59, 3.0), (START + 60, 0.1))
    assert found == Observation({START: (1.0, 2.0)}, START + 60, START)


def test_a_minute_waits_for_what_may_still_arrive() -> None:
    of = CanaryMeasurement(SLI)
    observed(of, START + 1, undecided=START)
    assert observed(of, START + 70, (START + 60, 0.1), undecided=START) is None
    again = CanaryMeasurement(SLI)
    again.restore(of.saved())
    found = observed(again, START + 125, (START, None))
    assert found == Observation({START: (0.0, 1.0), START + 60: (1.0, 1.0)}, START + 120, START)
