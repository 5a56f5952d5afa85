"""Alerts on the collector: whoever watches has to be watched."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.condition import Absent, Always, Increase, Overdue
from obs.catalogue import own

ALERTS: Final = (
    Alert(
        "ObsSourceDown",
        Severity.WARNING,
        About.SOURCE,
        Overdue(own.SOURCE_LAST_SUCCESS, own.SOURCE_STALE_AFTER, own.SOURCE_ASKED_SINCE, 30),
        1 * MINUTE,
        "A source does not answer; what is known of it grows old.",
        "Source {source} has not answered for {value}{never}.",
        "30 % of stale_after are two polls or more; with the minute on top it is still before the "
        "source's series are withdrawn.",
        "collector/sources",
        keep_firing=0,
    ),
    Alert(
        "ObsSourceStale",
        Severity.CRITICAL,
        About.SOURCE,
        Overdue(own.SOURCE_LAST_SUCCESS, own.SOURCE_STALE_AFTER, own.SOURCE_ASKED_SINCE, 100),
        1 * MINUTE,
        "Nothing is known of a source any more: its alerts are blind.",
        "Source {source} has not answered for {value}{never}; nothing is told of it.",
        "At stale_after old values cease standing for the present.",
        "collector/sources",
        keep_firing=0,
    ),
    Alert(
        "ObsSeriesDropped",
        Severity.WARNING,
        About.SOURCE,
        Increase(own.SERIES_DROPPED, 0, 15 * MINUTE, where=(("reason", "cap"),)),
        0,
        "Objects are not watched because a cap was reached.",
        "Source {source} left out {value} consumers or queues in {window}, counted at each poll.",
        "What is left out has no series, so no alert on it can fire.",
        "collector/dropped",
        keep_firing=0,
    ),
    Alert(
        "ObsAwsBudgetExceeded",
        Severity.WARNING,
        About.SOURCE,
        Increase(own.SOURCE_ERRORS, 0, 30 * MINUTE, where=(("reason", "budget"),)),
        0,
        "A source is not polled because that would cost more than allowed.",
        "Source {source} is not polled: it would cost more than monthly_budget_dollars.",
        "The collector would rather be blind than exceed the spec's budget, and says so.",
        "collector/cost",
        keep_firing=0,
    ),
    Alert(
        "ObsCollectorAbsent",
        Severity.CRITICAL,
        About.COLLECTOR,
        Absent(own.BUILD_INFO),
        5 * MINUTE,
        "No collector is seen: nothing of this system is watched.",
        "No collector has been scraped for {hold}.",
        "Five minutes are longer than a deployment of the collector.",
        "collector/build",
        keep_firing=0,
    ),
    Alert(
        "ObsWatchdog",
        Severity.INFO,
        About.COLLECTOR,
        Always(),
        0,
        "This alert always fires; when it stops, alerts no longer reach you.",
        "Route it to a service that calls you when it falls silent.",
        "It has no threshold.",
        "collector/build",
        keep_firing=0,
    ),
)
