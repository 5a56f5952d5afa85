"""The checks of the collector run by themselves, and never take anything else with them."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from obs import spans
from obs.collector.assembly import Assembled, assemble
from obs.collector.checking import FIRST_AFTER, checking
from obs.collector.clock import Clock
from obs.collector.collector import Collector
from obs.sources.kind import SourceClient
from obs.spec.system import System
from obs.state import open_state

SYSTEM = System.model_validate({"version": 1, "system": "orders"})


class Ended(Exception):  # noqa: N818
    """The test has seen enough."""


def naps(most: int) -> tuple[list[float], Callable[[float], Any]]:
    """A clock that lets time pass at once, so many times."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        if len(slept) == most:
            raise Ended
        slept.append(seconds)

    return slept, sleep


async def in_core(call: Callable[..., Any], *arguments: Any) -> None:
    call(*arguments)


def run(
    tmp_path: Path,
    checks: Callable[[Mapping[str, SourceClient]], dict[str, bool]],
    most: int,
    tracer: spans.Tracer | None = None,
) -> tuple[list[float], list[str]]:
    state = open_state(tmp_path, lambda reason: None)
    collector = Collector(SYSTEM, state, [], [], [], state_errors=Counter(), clock=Clock())
    slept, sleep = naps(most)
    with pytest.raises(Ended):
        asyncio.run(checking(600.0, checks, {}, collector, sleep, tracer=tracer)(in_core))
    state.close()
    text = collector.exposition.body(openmetrics=False, gzip=False).decode()
    return slept, [line for line in text.splitlines() if line.startswith("obs_check_ok{")]


def test_results_become_series_and_the_next_run_waits(tmp_path: Path) -> None:
    slept, lines = run(tmp_path, lambda clients: {"iam": True, "alarms": False}, 2)
    assert slept == [FIRST_AFTER, 600.0]
    names_and_values = [(line.split('"')[1], line[-1]) for line in lines]
    assert names_and_values == [("alarms", "0"), ("iam", "1")]


def test_each_run_is_a_trace(tmp_path: Path) -> None:
    begun: list[str] = []

    class Tracer(spans.NoTracer):
        def trace(self, name: str, attributes: spans.Attributes) -> spans.Opened:
            begun.append(name)
            return super().trace(name, attributes)

    run(tmp_path, lambda clients: {"iam": True}, 3, Tracer())
    assert begun == ["checks", "checks", "checks"]


def test_a_run_that_fails_as_a_whole_leaves_no_result(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runs = iter([{"iam": True}])

    def once(clients: Mapping[str, SourceClient]) -> dict[str, bool]:
        for outcomes in runs:
            return outcomes
        raise RuntimeError("broken")

    slept, lines = run(tmp_path, once, 3)
    assert len(slept) == 3
    assert lines == []
    assert "checks failed to run" in caplog.text


def test_a_check_that_begins_to_fail_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(tmp_path, lambda clients: {"iam": False}, 3)
    assert caplog.text.count("check iam fails") == 1


async def test_a_running_collector_runs_the_checks_that_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obs.collector.checking.FIRST_AFTER", 0.0)
    system = SYSTEM.model_copy(
        update={
            "state_dir": str(tmp_path),
            "checks": SYSTEM.checks.model_copy(update={"every": 60.0}),
        }
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def checks(clients: Mapping[str, SourceClient]) -> dict[str, bool]:
        loop.call_soon_threadsafe(loop.call_later, 0.1, stop.set)
        return {"iam": True}

    built = assemble(system, checks=checks)
    await built.daemon.run(stop)
    assert built.collector.checks == {"iam": True}


def test_without_a_timer_in_the_spec_nothing_is_run(tmp_path: Path) -> None:
    system = SYSTEM.model_copy(update={"state_dir": str(tmp_path)})

    def never(clients: Mapping[str, SourceClient]) -> dict[str, bool]:
        raise AssertionError

    built = asyncio.run(_assembled(system, never))
    assert built.collector.checks == {}


async def _assembled(
    system: System, checks: Callable[[Mapping[str, SourceClient]], dict[str, bool]]
) -> Assembled:
    built = assemble(system, checks=checks)
    await built.daemon.poll_once()
    await built.daemon.close()
    return built


def test_a_run_that_hangs_withdraws_what_was_known_and_no_second_one_begins(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    running: list[int] = []
    seen: list[Mapping[str, bool]] = []
    withdrawn = threading.Event()

    def slow(clients: Mapping[str, SourceClient]) -> dict[str, bool]:
        running.append(1)
        assert len(running) == 1
        assert withdrawn.wait(30)
        withdrawn.clear()
        running.pop()
        return {"iam": True}

    async def note(call: Callable[..., Any], outcomes: Mapping[str, bool]) -> None:
        seen.append(outcomes)
        if not outcomes:
            withdrawn.set()

    state = open_state(tmp_path, lambda reason: None)
    collector = Collector(SYSTEM, state, [], [], [], state_errors=Counter(), clock=Clock())
    _, sleep = naps(2)
    with pytest.raises(Ended):
        asyncio.run(checking(0.05, slow, {}, collector, sleep)(note))
    state.close()
    assert seen == [{}, {"iam": True}, {}, {"iam": True}]
    assert "did not finish" in caplog.text
