"""The running collector's state file: damaged, on a full disk, not writable, in use."""

import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.aws_fixtures import emulator, proxy
from tests.integration.collector_process import CollectorProcess, collectors, key, named
from tests.integration.disks import cannot_mount, fill, small_disk
from tests.integration.systems import INVOCATIONS, Systems, all_well, collector, systems
from tests.integration.waiting import eventually

__all__ = ["all_well", "collector", "collectors", "emulator", "proxy", "systems"]

pytestmark = pytest.mark.integration

BUDGET = key("slo_error_budget_remaining_ratio", slo="delivery", slo_service="oms")


needs_mount = pytest.mark.usefixtures("mounting")


@pytest.fixture
def mounting() -> None:
    if why := cannot_mount():
        pytest.skip(why)


def state_errors(reason: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return key("obs_state_errors_total", reason=reason)


@pytest.mark.parametrize("damage", [lambda whole: b"\xff" * len(whole), lambda whole: whole[:9000]])
def test_a_damaged_state_file_is_set_aside_and_its_history_read_again(
    collector: CollectorProcess, damage: Callable[[bytes], bytes]
) -> None:
    before = collector.start().until(lambda scrape: BUDGET in scrape)
    collector.stop()
    damaged = damage(collector.state_file.read_bytes())
    collector.state_file.write_bytes(damaged)
    after = collector.start().until(lambda scrape: BUDGET in scrape)
    assert after[state_errors("damaged")] == 1.0
    assert after[BUDGET] == before[BUDGET]
    (aside,) = collector.state_file.parent.glob("*.damaged-*")
    assert aside.read_bytes() == damaged
    collector.logged(aside.name)
    collector.stop()
    assert collector.start().scrape()[state_errors("damaged")] == 0.0


def test_a_damaged_log_of_writes_after_a_kill_keeps_nothing_from_starting(
    collector: CollectorProcess,
) -> None:
    before = collector.start().until(lambda scrape: BUDGET in scrape)
    collector.kill()
    log = collector.state_file.with_name("obs.sqlite3-wal")
    log.write_bytes(b"\xff" * log.stat().st_size)
    after = collector.start().until(lambda scrape: BUDGET in scrape)
    assert after[BUDGET] == before[BUDGET]
    assert after[state_errors("damaged")] == 1.0


def test_a_state_folder_that_cannot_be_written_is_counted_and_all_else_works(
    collector: CollectorProcess, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    collector.spec["state_dir"] = str(tmp_path / "file" / "state")
    scrape = collector.start().until(lambda scrape: BUDGET in scrape)
    assert scrape[state_errors("unwritable")] >= 1.0
    again = collector.polls("nats")  # as long as it lasts, so that an alert sees it
    assert again[state_errors("unwritable")] > scrape[state_errors("unwritable")]
    assert named(scrape, "nats_consumer_lag_messages")
    assert collector.stop() == 0


@needs_mount
def test_a_full_disk_is_counted_and_got_over(
    systems: Systems, collector: CollectorProcess, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        collector.spec["state_dir"] = str(disk / "state")
        try:
            first = collector.start().scrape()[INVOCATIONS]
            filler = fill(disk)
            systems.put("Invocations", {collector.clock.minute: 4.0})
            full = collector.until(lambda scrape: scrape[state_errors("disk_full")] >= 2)
            assert collector.polls("aws")[INVOCATIONS] == first + 4.0
            assert collector.get("/readyz").status == 200
            filler.unlink()
            after = collector.polls("aws", 2)
            assert (
                collector.polls("aws")[state_errors("disk_full")]
                == (after[state_errors("disk_full")])
            )
            assert after[state_errors("disk_full")] >= full[state_errors("disk_full")]
            collector.kill()
            # What was queued while the disk was full was written once there was room.
            assert collector.start().scrape()[INVOCATIONS] == first + 4.0
        finally:
            collector.kill()


@needs_mount
def test_a_start_on_a_full_disk_still_knows_the_state(
    systems: Systems, collector: CollectorProcess, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        collector.spec["state_dir"] = str(disk / "state")
        try:
            systems.put("Invocations", {collector.clock.turn(): 6.0})
            collector.start()
            counted = collector.polls("aws")[INVOCATIONS]
            assert counted >= 6.0
            collector.stop()
            filler = fill(disk)
            collector.clock.turn()  # without its state it would count from this minute on
            systems.put("Invocations", {collector.clock.minute: 2.0})
            scrape = collector.start().polls("aws")
            assert scrape[INVOCATIONS] == counted + 2.0
            assert scrape[state_errors("disk_full")] >= 1.0
            filler.unlink()
            collector.polls("aws", 2)
            collector.kill()
            assert collector.start().scrape()[INVOCATIONS] == counted + 2.0
        finally:
            collector.kill()


@needs_mount
def test_a_damaged_file_that_cannot_be_set_aside_does_not_keep_it_from_starting(
    collector: CollectorProcess, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        (disk / "state").mkdir()
        (disk / "state" / "obs.sqlite3").write_bytes(b"no database" * 1000)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        collector.spec["state_dir"] = str(disk / "state")
        try:
            scrape = collector.start().scrape()
            assert scrape[state_errors("damaged")] == 1.0
            assert scrape[state_errors("unwritable")] >= 1.0
        finally:
            collector.kill()


def test_a_state_folder_that_goes_while_it_runs_is_told_made_anew_and_saved(
    systems: Systems, collector: CollectorProcess
) -> None:
    systems.put("Invocations", {collector.clock.turn(): 6.0})
    before = collector.start().polls("aws")
    shutil.rmtree(collector.state_file.parent)
    after = collector.until(lambda scrape: scrape[state_errors("unwritable")] >= 1)
    eventually(collector.state_file.exists)
    assert after[INVOCATIONS] == before[INVOCATIONS]
    collector.logged("state file")
    collector.logged("is made anew; saving everything")
    assert collector.state_file.stat().st_mode & 0o777 == 0o600
    assert collector.state_file.parent.stat().st_mode & 0o777 == 0o700
    counted = collector.polls("aws")
    collector.kill()
    again = collector.start().until(lambda scrape: BUDGET in scrape)
    assert again[INVOCATIONS] == counted[INVOCATIONS]
    assert again[BUDGET] == counted[BUDGET]
    assert again[state_errors("damaged")] == 0.0


def test_a_limit_on_file_sizes_is_an_error_of_the_state_and_of_nothing_else(
    systems: Systems, collector: CollectorProcess
) -> None:
    counted = collector.start().scrape()[INVOCATIONS]
    pid = collector.process.pid
    assert pid is not None
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    systems.put("Invocations", {collector.clock.minute: 3.0})
    collector.until(lambda scrape: sum(named(scrape, "obs_state_errors_total").values()) >= 2)
    assert collector.polls("aws")[INVOCATIONS] == counted + 3.0
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
    collector.polls("aws", 2)
    collector.kill()
    assert collector.start().scrape()[INVOCATIONS] == counted + 3.0


def test_a_second_collector_on_the_same_state_is_refused_in_one_line(
    collector: CollectorProcess,
) -> None:
    collector.start()
    second = collector.output()
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr == (
        f"{collector.state_file}: in use by a running collector; "
        "stop it, or set a separate state_dir\n"
    )
    assert collector.polls("nats")[key("obs_source_up", source="nats")] == 1.0
