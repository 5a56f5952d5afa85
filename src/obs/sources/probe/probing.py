"""One probe of one target."""

import time
from collections.abc import Callable
from contextlib import suppress

from obs.clients.checked_connection import (
    ProbeFailed,
    Timings,
    TlsOptions,
    connected,
    encrypted,
    expiry,
)
from obs.clients.deadline import within
from obs.clients.probe_http import ProbeAnswer, ProbeRequest, Seen, requested
from obs.clients.sent_headers import sent_headers
from obs.errors import BadInput, SourceError
from obs.redaction.text import one_line
from obs.snapshot.probe import DependencyStates, Probed
from obs.sources.probe.dependencies import dependency_states
from obs.sources.probe.expectations import check_answer
from obs.spec.allowed_addresses import AllowedAddresses
from obs.spec.probe_targets import ProbeTarget
from obs.spec.tls import Tls


def probed(
    target: ProbeTarget,
    allowed: AllowedAddresses,
    seconds: float,
    monotonic: Callable[[], float] = time.monotonic,
) -> Probed:
    """What a probe finds that takes at most `seconds`. Blocks; raises nothing."""
    timings, seen = Timings(monotonic), Seen()
    failure: ProbeFailed | None = None
    unknown: SourceError | None = None
    told: list[DependencyStates] = []
    try:
        with within(seconds):
            _probe(target, allowed, timings, seen, told)
    except ProbeFailed as error:
        failure = error
    except SourceError as error:
        unknown = error
    except BadInput as error:
        unknown = SourceError("auth", str(error))
    except Exception as error:  # noqa: BLE001  an unforeseen error is not the target's failure
        unknown = SourceError("internal", f"unforeseen {type(error).__name__}")
    return Probed(
        target.name,
        sum(timings.phases.values()),
        timings.phases,
        failure.reason if failure else "",
        one_line(str(failure)) if failure else "",
        unknown,
        seen.status,
        seen.expires,
        told[0] if told else None,
    )


def _probe(
    target: ProbeTarget,
    allowed: AllowedAddresses,
    timings: Timings,
    seen: Seen,
    told: list[DependencyStates],
) -> None:
    """Raises ProbeFailed, or SourceError or BadInput where the reason is ours."""
    if target.http is not None:
        answer = requested(_request(target, target.http), allowed, timings, seen)
        # A service that is not ready says with its 503 which dependency is down.
        told.extend(_dependencies(target, answer))
        check_answer(answer, target.expect)
        return
    host, port = target.address
    sock = connected(host, port, allowed, timings)
    with sock:
        if target.tls:
            with encrypted(sock, host, _tls(target), timings) as secured:
                seen.expires = expiry(secured)


def _request(target: ProbeTarget, url: str) -> ProbeRequest:
    return ProbeRequest(
        url,
        target.method,
        sent_headers(target),
        None if target.body is None else target.body.encode(),
        _tls(target),
        target.redirects,
    )


def _tls(target: ProbeTarget) -> TlsOptions:
    files = Tls(ca_file=target.ca_file, cert_file=target.cert_file, key_file=target.key_file)
    return TlsOptions(files, target.server_name or "")


def _dependencies(target: ProbeTarget, answer: ProbeAnswer) -> list[DependencyStates]:
    """What the answer tells; none where it cannot be read."""
    if target.dependencies is not None:
        with suppress(ProbeFailed):
            states = dependency_states(answer.document(), target.dependencies)
            return [] if states is None else [states]
    return []
