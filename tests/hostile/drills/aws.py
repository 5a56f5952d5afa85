"""What answers in the place of AWS: endless, dripping, deep, paged without end, telling secrets."""

import contextlib
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.hostile.aws_server import (
    TEMPORARY_KEY,
    TEMPORARY_SECRET,
    TEMPORARY_TOKEN,
    Behaviour,
    HostileAws,
    answering,
    assumed_role,
    http,
    json_answer,
    xml,
)
from tests.hostile.drill import Drill, Limits, Outcome
from tests.hostile.memory import forget_peak, peak_mb, resident_mb
from tests.integration.collector_process import CollectorProcess, Spec, key
from tests.integration.waiting import eventually

_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: 1\r\nContent-Type: application/x-amz-json-1.1\r\n"
)
_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI0K7MDENGbPxRfiCYEXAMPLEKEY0",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}
_SECRETS: Final = (
    TEMPORARY_KEY,
    TEMPORARY_SECRET,
    TEMPORARY_TOKEN,
    _ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
)
_ENDS_WITHIN: Final = 5.0  # seconds, after SIGTERM


@dataclass(frozen=True)
class _Attack:
    """What one source's endpoint does, and the reason under which it must be counted."""

    operation: str
    behaviour: str
    reason: str
    role: bool = False


_ATTACKS: Final[Mapping[str, _Attack]] = {
    "endless": _Attack("GetMetricData", "endless", "too_large"),
    "dripping": _Attack("GetMetricData", "dripping", "timeout"),
    "deep": _Attack("GetMetricData", "deep", "decode"),
    "pages": _Attack("GetMetricData", "pages", "too_large"),
    "role": _Attack("AssumeRole", "role", "decode", role=True),
}


def _behaviour(server: HostileAws, name: str) -> Behaviour:
    again = {"MetricDataResults": [], "NextToken": "the same"}
    return {
        "endless": server.endless(_HEAD + b"\r\n", b" " * 65536),
        "dripping": server.dripping(_HEAD + b"\r\n", 0.1),
        "deep": answering(http(b'{"MetricDataResults":' + b"[" * 100_000)),
        "pages": answering(json_answer(again)),
        "role": answering(xml(assumed_role()[:-150])),
    }[name]


def _drill(names: tuple[str, ...], folder: Path) -> Outcome:
    """Time is until all attacks are counted; the healthy source must be polled meanwhile."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(HostileAws()) for name in (*names, "well")}
        collector = CollectorProcess(folder, _spec(folder, servers), environment=_ENVIRONMENT)
        stack.callback(collector.kill)
        for name in names:
            if _ATTACKS[name].role:  # a role that was once assumed is kept
                servers[name].sick["AssumeRole"] = _behaviour(servers[name], name)
        collector.start()
        return _attacked(collector, servers, names)


def _pid(collector: CollectorProcess) -> int:
    assert collector.process.pid is not None
    return collector.process.pid


def _attacked(
    collector: CollectorProcess, servers: Mapping[str, HostileAws], names: tuple[str, ...]
) -> Outcome:
    pid = _pid(collector)
    forget_peak(pid)
    memory, lines, polls = resident_mb(pid), collector.log.count("\n"), _polls(collector)
    started = time.monotonic()
    for name in names:
        attack = _ATTACKS[name]
        servers[name].sick[attack.operation] = _behaviour(servers[name], name)
    missing = _told(collector, names)
    seconds = time.monotonic() - started
    for name in names:  # what drips goes on for connections that are there
        servers[name].sick.clear()
    down = _waited(lambda: [name for name in ("well", *names) if not _is_up(collector, name)], 10)
    polled, peak = _polls(collector) - polls, peak_mb(pid)
    written = collector.log.count("\n") - lines
    before = time.monotonic()
    collector.terminate()
    status = collector.wait(30)
    ended = time.monotonic() - before
    wrong = [f"not counted: {', '.join(missing)}"] * bool(missing)
    wrong += [f"still down once its endpoint was well: {', '.join(down)}"] * bool(down)
    wrong += ["the healthy source was not polled"] * (polled < 1)
    wrong += [f"SIGTERM took {ended:.1f} s"] * (ended > _ENDS_WITHIN)
    wrong += [f"exit status {status}"] * (status != 0)
    wrong += ["a secret in the log"] * any(secret in collector.log for secret in _SECRETS)
    wrong += ["a traceback in the log"] * ("Traceback" in collector.log)
    others = f"healthy source polled {polled:.0f} times, SIGTERM {ended:.1f} s"
    return Outcome(peak - memory, seconds, written, others, "; ".join(wrong))


def _told(collector: CollectorProcess, names: tuple[str, ...]) -> list[str]:
    """The attacks that were not counted within 20 s under their reason."""

    def missing() -> list[str]:
        scrape = collector.scrape()
        return [
            name
            for name in names
            if not scrape.get(
                key("obs_source_errors_total", source=name, reason=_ATTACKS[name].reason)
            )
        ]

    return _waited(missing, 20)


def _waited(left: Callable[[], list[str]], seconds: float) -> list[str]:
    """What is left once nothing is, or after so many seconds."""
    with contextlib.suppress(AssertionError):
        eventually(lambda: not left(), seconds)
        return []
    return left()


def _is_up(collector: CollectorProcess, name: str) -> bool:
    return collector.value("obs_source_up", source=name) == 1


def _polls(collector: CollectorProcess) -> float:
    return collector.value("obs_source_polls_total", source="well") or 0.0


def _spec(folder: Path, servers: Mapping[str, HostileAws]) -> Spec:
    def source(name: str, server: HostileAws) -> dict[str, Any]:
        role = name in _ATTACKS and _ATTACKS[name].role
        return {
            "region": "us-east-1",
            "poll": "1s",
            "timeout": "300ms",
            "delay": "0s",
            "endpoint_url": server.url,
            "required": not role,
            **({"role_arn": "arn:aws:iam::000000000000:role/obs"} if role else {}),
        }

    return {
        "version": 1,
        "system": "oms",
        "state_dir": str(folder / "state"),
        "sources": {"aws": {name: source(name, server) for name, server in servers.items()}},
        "outputs": {"web": {"listen": "127.0.0.1:0"}},
    }


_LIMITS: Final = Limits(memory_mb=80, seconds=15, log_lines=30)

DRILLS: tuple[Drill, ...] = (
    Drill(
        "AWS answers without end, drips, nests, pages in a circle and cuts a role short, at once",
        _LIMITS,
        lambda folder: _drill(tuple(_ATTACKS), folder),
    ),
    *(
        Drill(
            f"AWS: {name}",
            _LIMITS,
            lambda folder, name=name: _drill((name,), folder),  # type: ignore[misc]
            short=False,
        )
        for name in _ATTACKS
    ),
)
