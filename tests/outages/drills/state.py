"""The state of a running collector: no room for it, no right to write it, damaged, deleted."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.hostile.state_damage import byte_flips
from tests.integration.collector_process import CollectorProcess, Scrape, named
from tests.integration.disks import cannot_mount, fill, read_only, small_disk
from tests.integration.orders import DEAD_LETTERS, DELIVERED
from tests.outages.counting import counting
from tests.outages.outage import Outage, Recovery
from tests.outages.watch import EVENTS, GOOD, ROUNDED, Watch, difference, within

_FLIPS: Final = 50
_SEED: Final = 11


def _errors(scrape: Scrape) -> float:
    return sum(named(scrape, "obs_state_errors_total").values())


@contextmanager
def _full(collector: CollectorProcess) -> Iterator[None]:
    filler = fill(collector.state_file.parents[1])
    yield
    filler.unlink()


@contextmanager
def _unwritable(collector: CollectorProcess) -> Iterator[None]:
    """It begins in a folder that it cannot write."""
    collector.kill()
    with read_only(collector.state_file.parent):
        collector.launch()
        within(lambda: collector.get("/readyz").status == 200)
        yield


@contextmanager
def _deleted(collector: CollectorProcess) -> Iterator[None]:
    shutil.rmtree(collector.state_file.parent)
    yield


def _fault(
    fault: Callable[[CollectorProcess], AbstractContextManager[None]], *, disk: bool = False
) -> Callable[[Path], Recovery]:
    """Orders go on meanwhile; once the fault is over, the collector is killed and must know all."""

    def run(folder: Path) -> Recovery:
        place = small_disk(folder / "disk") if disk else nullcontext(folder)
        with place as at, counting(folder, at / "state") as (watch, orders, _):
            collector = watch.collector
            orders.deliver(5, given_up=2)
            collector.polls("nats", 1)
            before = _errors(collector.scrape())
            watch.begin()
            with fault(collector):
                collector.until(lambda scrape: _errors(scrape) != before)
                orders.deliver(4, given_up=1)
                collector.clock.turn()  # a minute is settled meanwhile
                collector.polls("nats", 2)
            watch.end()
            watch.notes.append("obs_state_errors_total rises; all else goes on")
            recovery = watch.recovery()
            seconds = _last_error(watch)
            collector.kill()
            collector.launch()
            watch.end()
            again = watch.recovery()
            lost = "; ".join(filter(None, (recovery.lost, again.lost)))
            return replace(recovery, lost=lost, seconds=max(recovery.seconds, seconds))

    return run


def _last_error(watch: Watch) -> float:
    """Seconds after the end of the fault at which an error of the state was counted last."""
    last, highest = watch.ended, 0.0
    for sight in watch.seen.sights:
        errors = _errors(sight.scrape or {})
        if errors > highest:
            last, highest = max(last, sight.at), errors
    return last - watch.ended


def _damaged(folder: Path) -> Recovery:
    """One byte each time; a count may be lost that was in it, but never in silence."""
    with counting(folder) as (watch, orders, _):
        collector = watch.collector
        orders.deliver(6, given_up=2)
        watch.begin()
        watch.end()
        watch.recovery()
        collector.stop()
        content = collector.state_file.read_bytes()
        slowest, told, lost = 0.0, 0, []
        truth = watch.truth() | (watch.budget() if watch.budget else {})
        for what, damage in byte_flips(content, _FLIPS, _SEED):
            shutil.rmtree(collector.state_file.parent)
            collector.state_file.parent.mkdir()
            damage(collector.state_file)
            collector.launch()
            watch.end()
            seconds = within(lambda: _counts(collector, truth), 30.0)
            slowest = max(slowest, seconds or float("inf"))
            scrape = collector.scrape()
            told += bool(_errors(scrape))
            if wrong := _in_silence(scrape, truth):
                lost.append(f"{what}: {wrong}")
            collector.kill()
        said = f"{told} of {_FLIPS} damages mattered, each counted in obs_state_errors_total"
        return Recovery("; ".join(lost), slowest, said)


def _counts(collector: CollectorProcess, truth: Scrape) -> bool:
    """Whether it reports again what NATS itself counts."""
    if collector.get("/readyz").status != 200:
        return False
    scrape = collector.scrape()
    heard = DEAD_LETTERS in scrape and scrape.get(DELIVERED) == truth[DELIVERED]
    return heard and not _in_silence(scrape, truth)


def _in_silence(scrape: Scrape, truth: Scrape) -> str:
    """What is not true and not told either; nothing may ever be more than the truth."""
    own = {sample: truth[sample] for sample in (DEAD_LETTERS, EVENTS, GOOD)}
    more = {
        sample: value for sample, value in own.items() if scrape.get(sample, 0.0) > value + ROUNDED
    }
    return difference(scrape, more if _errors(scrape) else own)


DRILLS: tuple[Outage, ...] = (
    Outage("the disk of the state is full", 15.0, _fault(_full, disk=True), missing=cannot_mount),
    Outage("the state folder cannot be written", 15.0, _fault(_unwritable), missing=cannot_mount),
    Outage("the state folder is deleted", 15.0, _fault(_deleted)),
    Outage("one byte of the state is damaged, 50 times", 60.0, _damaged),
)
