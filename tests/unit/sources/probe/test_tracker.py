"""What is counted and exported of targets, over restarts."""

from pathlib import Path

import pytest

from obs.catalogue import probe
from obs.errors import SourceError
from obs.families.family import Family
from obs.snapshot.probe import DependencyStates, Probed, ProbeSnapshot
from obs.sources.probe.counts import TargetCounts, reasons_of
from obs.sources.probe.status import probe_rows
from obs.sources.probe.tracker import ProbeTracker
from obs.spec.probe import ProbeSource
from obs.state import State, open_state

AT = 1_800_000_000.0
DAY = 86_400
SPEC = ProbeSource.model_validate(
    {
        "targets": [
            {"name": "api", "http": "https://api.example.com/"},
            {"name": "db", "tcp": "db.example.com:5432"},
        ]
    }
)
GOOD = Probed("api", 0.25, {"resolve": 0.05, "connect": 0.2}, status=200, expires=AT + 30 * DAY)
BAD = Probed("db", failure="refused", why="db.example.com:5432: connection refused")
UNSENT = Probed("api", unknown=SourceError("auth", "TOKEN is not set"))


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path, pytest.fail)


def tracker(state: State, spec: ProbeSource = SPEC) -> ProbeTracker:
    def damaged() -> None:
        raise AssertionError("damaged")

    return ProbeTracker("edge", spec.targets, state, damaged)


def polled(of: ProbeTracker, *probed: Probed, at: float = AT) -> dict[tuple[str, ...], object]:
    """The samples by name and labels after that of the source."""
    families: list[Family] = of.update(ProbeSnapshot(at, probed))
    return {
        (family.metric.name, *row[1:]): value
        for family in families
        for row, value in zip(family.rows.values, family.values, strict=True)
        if value is not None
    }


def test_a_poll_says_of_each_target_what_it_knows(state: State) -> None:
    found = polled(tracker(state), GOOD, BAD)
    assert found["probe_target_up", "api"] == 1
    assert found["probe_target_duration_seconds", "api"] == 0.25
    assert found["probe_target_phase_seconds", "api", "connect"] == 0.2
    assert found["probe_target_http_status_code", "api"] == 200
    assert found["probe_target_certificate_remaining_seconds", "api"] == 30 * DAY
    assert found["probe_target_certificate_expiry_timestamp_seconds", "api"] == AT + 30 * DAY
    assert found["probe_target_last_success_timestamp_seconds", "api"] == AT
    assert found["probe_target_up", "db"] == 0
    assert found["probe_target_failures_total", "db", "refused"] == 1
    assert found["probe_target_failures_total", "db", "dns"] == 0
    assert ("probe_target_duration_seconds", "db") not in found
    assert ("probe_target_last_success_timestamp_seconds", "db") not in found


def test_known_reasons_start_at_zero_and_impossible_ones_have_no_series() -> None:
    api, db = SPEC.targets
    assert reasons_of(api) == probe.FAILURES
    assert set(reasons_of(db)) == {"address", "connection", "dns", "refused", "timeout"}


def test_failures_in_a_row_end_with_a_success(state: State) -> None:
    of = tracker(state)
    for number in range(1, 4):
        found = polled(of, BAD)
        assert found["probe_target_consecutive_failures", "db"] == number
    found = polled(of, Probed("db", 0.01))
    assert found["probe_target_consecutive_failures", "db"] == 0
    assert found["probe_target_probes_total", "db"] == 4
    assert found["probe_target_failed_probes_total", "db"] == 3


def test_a_probe_that_could_not_be_sent_counts_for_nothing(state: State) -> None:
    of = tracker(state)
    polled(of, GOOD)
    found = polled(of, UNSENT, at=AT + 15)
    assert ("probe_target_up", "api") not in found
    assert ("probe_target_consecutive_failures", "api") not in found
    assert found["probe_target_probes_total", "api"] == 1
    assert list(of.partial()) == ["target api was not probed: TOKEN is not set"]
    (row,) = probe_rows(of)
    problem = row.problem()
    assert problem
    assert (problem.level, problem.text) == (
        "unknown",
        "Probe api was not probed: TOKEN is not set",
    )


def test_dependencies_have_a_series_each_only_while_an_answer_tells_of_them(state: State) -> None:
    of = tracker(state)
    told = DependencyStates({"mq": False, "disk": True}, {"too_many": 0, "unknown_state": 1})
    found = polled(of, Probed("api", 0.1, dependencies=told))
    assert found["probe_dependency_up", "api", "mq"] == 0
    assert found["probe_dependency_up", "api", "disk"] == 1
    assert found["probe_dependencies_left_out", "api", "unknown_state"] == 1
    (row,) = probe_rows(of)
    problem = row.problem()
    assert problem
    assert problem.text == "Probe api says that a dependency is down: mq"
    assert not [name for name, *_ in polled(of, BAD) if name == "probe_dependency_up"]


def test_counts_go_on_after_a_restart_and_those_of_removed_targets_are_forgotten(
    tmp_path: Path,
) -> None:
    first = open_state(tmp_path, pytest.fail)
    of = tracker(first)
    polled(of, GOOD, BAD)
    of.save(AT)
    first.flush()
    first.close()
    less = ProbeSource.model_validate({"targets": [{"name": "db", "tcp": "db.example.com:1"}]})
    second = open_state(tmp_path, pytest.fail)
    found = polled(tracker(second, less), BAD)
    assert found["probe_target_failures_total", "db", "refused"] == 2
    assert found["probe_target_consecutive_failures", "db"] == 2
    second.flush()
    second.close()
    third = open_state(tmp_path, pytest.fail)
    assert tracker(third).counts["api"] == TargetCounts()
    third.close()


def test_a_damaged_count_begins_again(state: State) -> None:
    state.put("probe_target", "edge/api", b"\xc1")
    state.flush()
    damaged: list[bool] = []
    of = ProbeTracker("edge", SPEC.targets, state, lambda: damaged.append(True))
    assert damaged == [True]
    assert of.counts["api"] == TargetCounts()


def test_the_worst_target_comes_first_in_the_status(state: State) -> None:
    of = tracker(state)
    polled(of, GOOD, BAD)
    rows = sorted(probe_rows(of), key=lambda row: row.order())
    assert [row.target for row in rows] == ["db", "api"]
    problem = rows[0].problem()
    assert problem
    assert problem.level == "warning"
    polled(of, GOOD, BAD)
    problem = max(probe_rows(of), key=lambda row: row.failed_in_a_row).problem()
    assert problem
    assert (problem.level, problem.text) == (
        "critical",
        "Probe db fails: db.example.com:5432: connection refused",
    )
    polled(of, Probed("api", 0.1, expires=AT + 3.5 * DAY))
    (row,) = probe_rows(of)
    problem = row.problem()
    assert problem
    assert problem.text == "Probe api has a certificate that expires in 3 days"
