"""Whether data arrives, judged from what the collector says of itself."""

from typing import Any

from obs.checks.collecting import judge
from obs.checks.finding import CheckFinding, Outcome
from obs.spec.system import System
from obs.web.status import SloStatus, SourceStatus, Status

NOW = 1_800_000_000.0
SYSTEM = System.model_validate(
    {
        "version": 1,
        "system": "shop",
        "sources": {"aws": {"cloud": {"region": "eu-west-1", "delay": "2m"}}},
        "slos": [
            {
                "name": "delivery",
                "service": "shop",
                "objective": 99.9,
                "sli": {"eventbridge": {"source": "cloud", "bus": "shop"}},
            }
        ],
    }
)
OLDEST = 8 * 60 + 120 + 120  # stale_after, delay and slack (seconds)


def slo(**changes: Any) -> SloStatus:
    fields: dict[str, Any] = {
        "name": "delivery",
        "service": "shop",
        "sli": "",
        "objective_percent": 99.9,
        "window": "30d",
        "state": "ok",
        "budget_remaining": 1.0,
        "burn_rates": {},
        "error_ratios": {},
        "exhaustion_seconds": None,
        "good": 1.0,
        "total": 1.0,
        "watermark": NOW - 60,
    }
    return SloStatus(**(fields | changes))


def source(**changes: Any) -> SourceStatus:
    fields: dict[str, Any] = {
        "name": "cloud",
        "kind": "aws",
        "up": True,
        "required": True,
        "last_success": NOW,
        "age_seconds": 0.0,
        "stale_after": 480.0,
        "poll_seconds": 60.0,
    }
    return SourceStatus(**(fields | changes))


def found(*slos: SloStatus, sources: tuple[SourceStatus, ...] = ()) -> list[CheckFinding]:
    status = Status(
        system="shop",
        environment="production",
        version="1",
        generated_at=NOW,
        uptime_seconds=1.0,
        slos=slos,
        sources=sources,
    )
    return [*judge(SYSTEM, status)]


def test_data_of_a_minute_ago_is_recent() -> None:
    assert [one.outcome for one in found(slo(), sources=(source(),))] == ["passed", "passed"]


def test_data_is_old_when_the_source_would_be_stale() -> None:
    assert found(slo(watermark=NOW - OLDEST))[0].outcome is Outcome.PASSED
    (finding,) = found(slo(watermark=NOW - OLDEST - 1))
    assert finding.outcome is Outcome.FAILED
    assert "old, more than 12m" in finding.what


def test_an_slo_without_data_is_reported_with_what_it_counts() -> None:
    (finding,) = found(slo(watermark=None, state="no_data"))
    assert "has no data" in finding.what
    assert "invocations on shop" in finding.advice


def test_an_slo_that_the_collector_does_not_have_is_reported() -> None:
    (finding,) = found()
    assert "does not have this SLO" in finding.what


def test_a_source_that_is_down_is_reported_with_its_error() -> None:
    (down, _) = found(slo(), sources=(source(up=False, error="no route", age_seconds=90.0),))
    assert down.what == "has not answered for 1m30s: no route"
    (never, _) = found(slo(), sources=(source(up=False, age_seconds=None, last_success=None),))
    assert never.what == "has never answered: no poll has finished yet"
