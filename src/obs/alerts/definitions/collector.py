"""Alerts on the collector itself."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Absent, Always, Equals, Increase, Overdue
from obs.catalogue import own

ALERTS: Final = (
    Alert(
        "ObsSourceDown",
        Severity.WARNING,
        About.SOURCE,
        Overdue(own.SOURCE_LAST_SUCCESS, own.SOURCE_STALE_AFTER, own.SOURCE_ASKED_SINCE, 30),
        1 * MINUTE,
        "The collector cannot poll a source, so its data is getting old.",
        "Source {source} has had no successful poll for {value}{never} (threshold {threshold}).",
        "30 % of stale_after covers at least two polls. With the extra minute, the alert still "
        "fires before the source's series are withdrawn.",
        "collector/sources",
        keep_firing=0,
    ),
    Alert(
        "ObsSourceStale",
        Severity.CRITICAL,
        About.SOURCE,
        Overdue(own.SOURCE_LAST_SUCCESS, own.SOURCE_STALE_AFTER, own.SOURCE_ASKED_SINCE, 100),
        1 * MINUTE,
        "A source is stale: its series are withdrawn, so its alerts cannot fire.",
        "Source {source} has had no successful poll for {value}{never} (threshold {threshold}); "
        "its series are withdrawn.",
        "After stale_after the last values no longer count as current.",
        "collector/sources",
        keep_firing=0,
    ),
    Alert(
        "ObsSeriesDropped",
        Severity.WARNING,
        About.SOURCE,
        Increase(own.SERIES_DROPPED, 0, 15 * MINUTE, where=(("reason", "cap"),)),
        0,
        "Consumers or queues are not monitored because a cap is reached.",
        "Source {source} has reached its cap: {value} consumers or queues were skipped in the "
        "last {window}, counted at every poll.",
        "Skipped objects have no series, so no alert on them can fire.",
        "collector/dropped",
        keep_firing=0,
    ),
    Alert(
        "ObsSeriesUnreadable",
        Severity.WARNING,
        About.SOURCE,
        Increase(own.SERIES_DROPPED, 0, 15 * MINUTE, where=(("reason", "unreadable"),)),
        0,
        "Streams or consumers are not monitored because a value in their report is odd.",
        "Source {source} reports a value that is not of its type or out of range: {value} streams "
        "or consumers were left out in the last {window}, counted at every poll.",
        "What is left out has no series, so no alert on it can fire.",
        "collector/unreadable",
        keep_firing=0,
    ),
    Alert(
        "ObsSpecObjectMissing",
        Severity.CRITICAL,
        About.SPEC_OBJECT,
        Equals(own.SPEC_OBJECT_MISSING, 1),
        10 * MINUTE,
        "The spec names an object that does not exist, so it is not monitored.",
        "The spec names {kind} {object}, but source {source} does not have it.",
        "A deployment that creates the object takes less than ten minutes. No other alert can fire "
        "for an object that does not exist, even if it was deleted by mistake.",
        "collector/missing",
        keep_firing=0,
    ),
    Alert(
        "ObsSpecGlobUnmatched",
        Severity.WARNING,
        About.SPEC_OBJECT,
        Equals(own.SPEC_OBJECT_MISSING, 2),
        10 * MINUTE,
        "A glob in the spec matches nothing, so nothing is monitored for it.",
        "No {kind} of source {source} matches {object}, which the spec names.",
        "A deployment that creates what the glob is for takes less than ten minutes. A glob may "
        "stand for what is created later, so this is less urgent than a name.",
        "collector/missing",
        keep_firing=0,
    ),
    Alert(
        "ObsAwsBudgetExceeded",
        Severity.WARNING,
        About.SOURCE,
        Increase(own.SOURCE_ERRORS, 0, 30 * MINUTE, where=(("reason", "budget"),)),
        0,
        "A source is not polled because that would exceed its cost budget.",
        "Source {source} is not polled: its estimated cost exceeds monthly_budget_dollars.",
        "The collector stops polling rather than exceed the budget in the spec.",
        "collector/cost",
        keep_firing=0,
    ),
    Alert(
        "ObsCollectorAbsent",
        Severity.CRITICAL,
        About.COLLECTOR,
        Absent(own.BUILD_INFO),
        5 * MINUTE,
        "No collector is scraped, so this system is not monitored.",
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
        "This alert always fires; if it stops, alerts no longer reach you.",
        "Route this alert to a dead man's switch that notifies you when the alert stops arriving.",
        "It has no threshold.",
        "collector/build",
        keep_firing=0,
    ),
)
