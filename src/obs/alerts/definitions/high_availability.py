"""Alerts on the lease by which one of several collectors leads."""

from typing import Final

from obs.alerts.alert import HOUR, MINUTE, About, Alert, Severity
from obs.alerts.conditions import Equals, Increase
from obs.catalogue import own

ALERTS: Final = (
    Alert(
        "ObsNoLeader",
        Severity.CRITICAL,
        About.PART,
        Equals(own.LEADER, 0),
        2 * MINUTE,
        "No collector holds the lease: nothing that costs money is polled, and nothing is pushed.",
        "Collectors run, but none of them has held the lease for {hold}.",
        "A takeover lasts as long as the lease, 15 s unless the spec says otherwise, and a poll.",
        "leaders/leader",
        keep_firing=0,
    ),
    Alert(
        "ObsLeaderChangesOften",
        Severity.WARNING,
        About.PART,
        Increase(own.LEASE_TAKEOVERS, 6, HOUR),
        0,
        "The lease goes from one collector to another again and again.",
        "Collectors have taken the lease {value} times in the last {window} (threshold "
        "{threshold}).",
        "A rolling update of a few collectors needs no more.",
        "leaders/takeovers",
        keep_firing=0,
    ),
)
