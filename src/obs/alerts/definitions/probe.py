"""Alerts on what the collector probes."""

from typing import Final

from obs.alerts.alert import HOUR, MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above, Below, Equals
from obs.catalogue import probe

_TARGET: Final = About("target", probe.TARGET)
_DEPENDENCY: Final = About("dependency", probe.DEPENDENCY)
_DAY: Final = 24 * HOUR

ALERTS: Final = (
    Alert(
        "ProbeFailing",
        Severity.CRITICAL,
        _TARGET,
        Above(probe.FAILED_IN_A_ROW, 1, "events"),
        2 * MINUTE,
        "A probe keeps failing.",
        "The last {value} probes of target {target} failed (threshold {threshold}).",
        "One failure may be a lost packet, so two in a row are required. A restart, or a "
        "deployment that replaces the only instance, takes less than two minutes.",
        "probes/failing",
    ),
    Alert(
        "ProbeSlow",
        Severity.WARNING,
        _TARGET,
        Above(probe.DURATION, 2, "seconds"),
        10 * MINUTE,
        "A target answers probes slowly.",
        "A probe of target {target} takes {value} (threshold {threshold}).",
        "A health check does next to nothing: one that takes two seconds for ten minutes means "
        "that the service, or the way to it, has no capacity left. What is slow depends on the "
        "target: override the threshold per target.",
        "probes/duration",
    ),
    Alert(
        "ProbeCertificateExpiresSoon",
        Severity.CRITICAL,
        _TARGET,
        Below(probe.CERTIFICATE_REMAINING, 7 * _DAY, "seconds"),
        15 * MINUTE,
        "The certificate of a target expires within days.",
        "The certificate of target {target} expires in {value} (threshold {threshold}).",
        "Automatic renewal happens weeks before: with a week left it has failed for a while, and "
        "once the certificate has expired every client refuses it.",
        "probes/certificates",
    ),
    Alert(
        "ProbeCertificateExpiring",
        Severity.WARNING,
        _TARGET,
        Below(probe.CERTIFICATE_REMAINING, 21 * _DAY, "seconds"),
        HOUR,
        "The certificate of a target expires soon.",
        "The certificate of target {target} expires in {value} (threshold {threshold}).",
        "ACME clients renew a certificate of 90 days when 30 are left. With 21 days left renewal "
        "has failed for more than a week, and three weeks are enough to have one issued by hand.",
        "probes/certificates",
    ),
    Alert(
        "DependencyDown",
        Severity.WARNING,
        _DEPENDENCY,
        Equals(probe.DEPENDENCY_UP, 0),
        2 * MINUTE,
        "A service says that one of its dependencies is down.",
        "Target {target} says that its dependency {dependency} is down.",
        "The readiness answer of the service says so. Two minutes are longer than a failover of a "
        "database or a cache usually takes. Where the service cannot work without it, its probe "
        "fails too, and that alert pages.",
        "probes/dependencies",
    ),
)
