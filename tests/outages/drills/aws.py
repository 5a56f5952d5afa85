"""AWS fails: it throttles, answers in part, refuses credentials, is slow, wrong, late, away."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from obs.sandbox.aws_faults import Fault
from tests.integration.collector_process import Scrape
from tests.integration.waiting import eventually
from tests.outages.aws_account import (
    WatchedAccount,
    is_down,
    is_gone,
    watched_account,
)
from tests.outages.outage import Outage, Recovery
from tests.outages.recovering import until_right
from tests.outages.scraper import Scraper

Fail = Callable[[WatchedAccount], object]


def _failing(folder: Path, fail: Fail, mend: Fail, *, turns: int = 5, minutes: int = 1) -> Recovery:
    """`turns` times `minutes` with events in every minute, which is how long it fails."""
    with watched_account(folder) as account:
        before = _right(account)
        with Scraper(account.watching) as scraper:
            fail(account)
            eventually(lambda: scraper.first(is_gone) is not None)
            for _ in range(turns):
                account.turn(minutes)
                account.deliver(minutes)
            mend(account)
            lost, seconds = until_right(account.wrong)
        faults = [lost] * bool(lost) + scraper.faults()
        return Recovery("; ".join(faults), seconds, _meanwhile(scraper, before, account))


def _right(account: WatchedAccount) -> Scrape:
    """All must be right before anything fails."""
    lost, _ = until_right(account.wrong)
    assert not lost, lost
    return account.watching.scrape()


def _meanwhile(scraper: Scraper, before: Scrape, account: WatchedAccount) -> str:
    down, gone = scraper.first(is_down), scraper.first(is_gone)
    after = account.watching.scrape()
    reasons = sorted(
        dict(labels)["reason"]
        for (name, labels), value in after.items()
        if name == "obs_source_errors_total" and value > before[name, labels]
    )
    return (
        f"source down after {down or 0:.1f} s ({', '.join(reasons)}), its series gone after "
        f"{gone or 0:.1f} s; all {len(scraper.looks)} scrapes answered"
    )


def _drill(fault: Fault, seconds: float = 5.0) -> Callable[[Path], Recovery]:
    return lambda folder: _failing(
        folder,
        lambda account: account.faults.start_fault(fault, seconds=seconds),
        lambda account: account.faults.stop_faults(),
    )


_POLL: Final = 1.0  # seconds

DRILLS: tuple[Outage, ...] = (
    Outage("AWS throttles for 5 minutes", 10 * _POLL, _drill(Fault.THROTTLED)),
)
