"""AWS fails: it throttles, answers in part, refuses credentials, is slow, wrong, late, away."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from obs.sandbox.aws_faults import ANY, Fault
from tests.integration.collector_process import Scrape, named
from tests.integration.waiting import eventually
from tests.outages.aws_account import (
    FIRST_KEY,
    SECOND_KEY,
    WatchedAccount,
    is_down,
    is_gone,
    watched_account,
)
from tests.outages.outage import Outage, Recovery
from tests.outages.recovering import until_right
from tests.outages.scraper import Scraper

Fail = Callable[[WatchedAccount], object]


def _failing(
    folder: Path, fail: Fail, mend: Fail, *, turns: int = 5, minutes: int = 1, polls: int = 1
) -> Recovery:
    """`turns` times `minutes` with events in every minute, which is how long it fails by the
    collector's clock; by the true one until at least so many `polls` have failed."""
    with watched_account(folder) as account:
        before = _right(account)
        with Scraper(account.watching) as scraper:
            fail(account)
            eventually(lambda: scraper.first(is_gone) is not None)
            for _ in range(turns):
                account.turn(minutes)
                account.deliver(minutes)
            eventually(lambda: _failed(account.watching.scrape()) >= polls, 300)
            mend(account)
            lost, seconds = until_right(account.wrong)
        faults = [lost] * bool(lost) + scraper.faults()
        return Recovery("; ".join(faults), seconds, _meanwhile(scraper, before, account))


def _failed(scrape: Scrape) -> float:
    return sum(named(scrape, "obs_source_errors_total").values())


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


def _fault(fault: Fault, seconds: float = 5.0, *, operation: str = ANY) -> Fail:
    return lambda account: account.faults.start_fault(fault, operation, seconds=seconds)


def _stop(account: WatchedAccount) -> None:
    account.faults.stop_faults()


def _rejects_first_key(fault: Fault) -> Fail:
    """It goes on rejecting: what ends the outage are other credentials in the file."""
    return lambda account: account.faults.start_fault(fault, access_key=FIRST_KEY)


def _renewed(account: WatchedAccount) -> None:
    account.renew_credentials(SECOND_KEY)


def _refuse(account: WatchedAccount) -> None:
    account.faults.refuse()


def _late(folder: Path) -> Recovery:
    """Points of 40 minutes come at once, and are then corrected upwards and downwards.

    The collector is up all the time: what it said before the points came was wrong, and nothing of
    it may remain. What a counter said too much is owed against its next increments.
    """
    with watched_account(folder) as account:
        _right(account)
        with Scraper(account.watching) as scraper:
            account.turn(40)
            account.watching.polls("aws")
            account.deliver(40)
            first = account.watching.clock.minute - 39 * 60
            lost, seconds = until_right(account.wrong)
            for correction in (7.0, -3.0):
                account.correct(first, correction)
                account.watching.polls("aws")
            account.turn()
            account.deliver()  # more than is owed
            left, again = until_right(account.wrong)
        found = [each for each in (lost, left) if each] + scraper.faults()
        down = "never" if scraper.first(is_down) is None else "wrongly"
        return Recovery("; ".join(found), max(seconds, again), f"source {down} down")


def _drill(fail: Fail, mend: Fail = _stop, **more: int) -> Callable[[Path], Recovery]:
    return lambda folder: _failing(folder, fail, mend, **more)


_POLL: Final = 1.0  # seconds
_LONGEST_PAUSE: Final = 60.0  # seconds between two polls of a source that fails: 1, 2, 4 … 60
_WITHIN: Final = 10 * _POLL

DRILLS: tuple[Outage, ...] = (
    Outage("AWS throttles for 5 minutes", _WITHIN, _drill(_fault(Fault.THROTTLED))),
    Outage(
        "AWS answers GetMetricData in part for 5 minutes",
        _WITHIN,
        _drill(_fault(Fault.PARTIAL, operation="GetMetricData")),
    ),
    Outage(
        "AWS does not know the credentials; other ones after 5 minutes",
        _WITHIN,
        _drill(_rejects_first_key(Fault.CREDENTIALS), _renewed),
    ),
    Outage(
        "AWS: the session expired; renewed after 5 minutes",
        _WITHIN,
        _drill(_rejects_first_key(Fault.EXPIRED), _renewed),
    ),
    Outage("AWS is slower than the timeout for 5 minutes", _WITHIN, _drill(_fault(Fault.SLOW))),
    Outage("AWS answers rubbish for 5 minutes", _WITHIN, _drill(_fault(Fault.RUBBISH))),
    Outage("AWS cuts answers in half for 5 minutes", _WITHIN, _drill(_fault(Fault.HALF))),
    Outage(
        "AWS is unreachable for an hour",
        _WITHIN,
        _drill(_refuse, turns=4, minutes=15),
    ),
    Outage(
        "AWS is unreachable until polls are a minute apart, as rare as they become",
        1.1 * _LONGEST_PAUSE,
        _drill(_refuse, turns=4, minutes=15, polls=7),
    ),
    Outage("points of AWS come 40 minutes late, and are corrected", _WITHIN, _late),
)
