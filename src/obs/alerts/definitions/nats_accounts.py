"""Alerts on accounts of NATS clusters."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above
from obs.catalogue import nats_accounts

_LIMIT: Final = About("account", nats_accounts.LIMIT)

ALERTS: Final = (
    Alert(
        "NatsAccountNearLimit",
        Severity.WARNING,
        _LIMIT,
        Above(nats_accounts.LIMIT_USED, 0.85, "ratio"),
        5 * MINUTE,
        "A NATS account has nearly used up one of its limits.",
        "NATS account {account} uses {value} of its limit on {limit} (threshold {threshold}); at "
        "100 % the servers refuse what it asks for.",
        "The remaining 15 % leave time to raise the limit, or to find what grows.",
        "accounts/limits",
    ),
)
