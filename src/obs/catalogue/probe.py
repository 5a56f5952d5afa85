"""Metrics of probes: what the collector itself finds over HTTP, TCP and TLS.

None has a name of the blackbox exporter's, whose series may be in the same Prometheus.
"""

from typing import Final

from obs.catalogue.declare import counter, gauge

PREFIXES = ("probe_target_", "probe_dependency_", "probe_dependencies_")

TARGET: Final = ("probe", "target")
DEPENDENCY: Final = (*TARGET, "dependency")

PHASES: Final = ("resolve", "connect", "tls", "first_byte", "transfer")
"""Looking up the name, the connection, the TLS handshake, the wait for the answer, its body."""
FAILURES: Final = (
    *("address", "body", "connection", "dns", "protocol", "redirect", "refused", "status"),
    *("timeout", "tls"),
)
"""Why a probe fails. address: it is not public, and not allowed; redirect: too many, or a bad
one."""

_SENT: Final = "No probe was sent: a secret cannot be read, or the collector has no free files"

UP = gauge(
    "probe_target_up",
    TARGET,
    "1 if the last probe succeeded: connected, verified, and with the expected answer; else 0.",
    title="Last probe",
    absent=_SENT,
    states=("failed", "up"),
    lowest_counts=True,
)
FAILED_IN_A_ROW = gauge(
    "probe_target_consecutive_failures",
    TARGET,
    "Probes that failed since the last one that succeeded.",
    title="Failed in a row",
    absent=_SENT,
)
DURATION = gauge(
    "probe_target_duration_seconds",
    TARGET,
    "Duration of the last probe, if it succeeded: from looking up the name to the last byte.",
    "seconds",
    title="Duration",
    absent="The last probe failed",
)
PHASE = gauge(
    "probe_target_phase_seconds",
    (*TARGET, "phase"),
    "Duration of each phase of the last probe, if it succeeded; of all requests where redirects "
    "were followed.",
    "seconds",
    title="Duration by phase",
    absent="The last probe failed",
)
HTTP_STATUS = gauge(
    "probe_target_http_status_code",
    TARGET,
    "HTTP status of the last answer; absent where there was none.",
    title="HTTP status",
    absent="The target is not probed over HTTP, or did not answer",
)
CERTIFICATE_REMAINING = gauge(
    "probe_target_certificate_remaining_seconds",
    TARGET,
    "Time until the target's certificate expires, as the last handshake showed it; absent where "
    "the handshake failed.",
    "seconds",
    title="Certificate expires in",
    lowest_counts=True,
    absent="No target speaks TLS, or the handshake failed",
)
CERTIFICATE_EXPIRES = gauge(
    "probe_target_certificate_expiry_timestamp_seconds",
    TARGET,
    "When the target's certificate expires.",
    "seconds",
    title="Certificate expires",
)
PROBES = counter(
    "probe_target_probes_total",
    TARGET,
    "Probes that were sent.",
    title="Probes",
)
FAILED = counter(
    "probe_target_failures_total",
    (*TARGET, "reason"),
    "Probes that failed, by reason.",
    title="Failed probes",
)
FAILED_ALL = counter(
    "probe_target_failed_probes_total",
    TARGET,
    "Probes that failed, for whatever reason.",
    title="Failed probes",
)
LAST_SUCCESS = gauge(
    "probe_target_last_success_timestamp_seconds",
    TARGET,
    "When the last probe that succeeded began; absent where none has.",
    "seconds",
    title="Last success",
    absent="No probe has succeeded yet",
)
DEPENDENCY_UP = gauge(
    "probe_dependency_up",
    DEPENDENCY,
    "1 if the target's readiness answer says that this dependency works, 0 if it says that it does "
    "not; absent where it says neither.",
    title="Dependencies",
    states=("down", "up"),
    lowest_counts=True,
    absent="No answer tells of dependencies",
)
DEPENDENCIES_LEFT_OUT = gauge(
    "probe_dependencies_left_out",
    (*TARGET, "reason"),
    "Dependencies that are too many for series of their own, or whose state is no known word.",
    title="Dependencies left out",
)
LEFT_OUT: Final = ("too_many", "unknown_state")
