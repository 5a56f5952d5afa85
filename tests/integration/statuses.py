"""Statuses to show the page with: healthy, troubled, just started, very large."""

import gzip
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from obs.collector.served import drawn
from obs.sources.aws.status import QueueStatus, RuleStatus
from obs.sources.nats.server_status import ServerStatus
from obs.sources.nats.status import ConsumerState, ConsumerStatus, StreamStatus
from obs.web.status import (
    PushStatus,
    RecordedSlo,
    SloState,
    SloStatus,
    SourceStatus,
    Status,
    encode,
)
from obs.web.streamed import Body, Whole
from obs.web.verdict import complete

NOW = time.time()
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")
HOSTILE = "<img src=x onerror=document.title='owned'>"


@dataclass
class FixedSite:
    """A site that serves one status and counts the requests for it."""

    document: Status
    requests: int = 0
    samples: bytes = b"# EOF\n"
    working: bool = True
    not_ready: list[str] = field(default_factory=list)

    def metrics(self, *, openmetrics: bool, gzip: bool, protobuf: bool = False) -> Body:
        body = self.samples if openmetrics else b"up 1\n"
        return Whole(_compress(body) if gzip else body)

    def status(self) -> bytes:
        self.requests += 1
        return encode(complete(self.document))

    def page(self) -> bytes:
        self.requests += 1
        return self.page_of("")

    def page_of(self, typed: str) -> bytes:
        return drawn(complete(self.document), typed, time.time())

    def slo_history(self) -> bytes:
        return b"{}"

    def health(self) -> bool:
        return self.working

    def readiness(self) -> tuple[bool, list[str]]:
        return not self.not_ready, self.not_ready


def _compress(body: bytes) -> bytes:
    return gzip.compress(body, 1)


def status_of(
    *,
    consumers: Sequence[ConsumerStatus] = (),
    streams: Sequence[StreamStatus] = (),
    servers: Sequence[ServerStatus] = (),
    rules: Sequence[RuleStatus] = (),
    queues: Sequence[QueueStatus] = (),
    aws_cost_dollars_per_month: float | None = None,
    **fields: Any,
) -> Status:
    """A status with the lists of both kinds of source."""
    lists = {
        "consumers": consumers,
        "streams": streams,
        "servers": servers,
        "rules": rules,
        "queues": queues,
    }
    figures = {"aws_cost_dollars_per_month": aws_cost_dollars_per_month}
    return Status(lists={k: tuple(v) for k, v in lists.items()}, figures=figures, **fields)


def healthy_consumers() -> tuple[ConsumerStatus, ...]:
    return (
        consumer("oms-processor", history=(0, 40, 12, 0, 3, 18, 0, 0, 5, 0)),
        consumer("audit-writer", lag=412, seconds=2.4, drain=35, history=_hill(30, 900)),
        consumer("search-indexer", stream="OMS_INDEX"),
        consumer("nightly-export", stream="OMS_INDEX", state="paused", reasons=("paused",)),
    )


def healthy_streams() -> tuple[StreamStatus, ...]:
    return (
        stream("OMS_EVENTS", 182_441, 96_000_000, max_age=3600.0),
        stream("OMS_INDEX", 2_204, 1_500_000, max_bytes=10_000_000),
    )


def recorded_slo(name: str) -> RecordedSlo:
    """An objective that rules evaluate."""
    return RecordedSlo(
        name=name,
        service="oms-api",
        sli="events of http_requests_total{code=~'5..'}",
        objective_percent=99.9,
        window="30d",
        source="metrics",
        url="https://prometheus.example.org:9090/prom",
    )


def healthy() -> Status:
    """Everything as it should be."""
    return status_of(
        system="oms",
        environment="production",
        description="Object metadata service",
        version="0.1.0",
        generated_at=NOW,
        uptime_seconds=3 * 86_400 + 7_300,
        slos=(
            slo("event-delivery", left=0.832, rate=0.21),
            slo("processor-freshness", left=0.97, rate=0.0, service="oms-processor"),
        ),
        recorded_slos=(recorded_slo("api-availability"), recorded_slo("api-latency")),
        consumers=healthy_consumers(),
        streams=healthy_streams(),
        servers=(
            ServerStatus(nats="nats", server="n1:8222", name="n1", state="ok", connections=9),
        ),
        rules=(rule("oms-schema-changed", 212), rule("oms-object-changed", 18_340)),
        queues=(
            QueueStatus(
                aws="aws",
                queue="oms-events-dlq",
                dead_letter=True,
                visible=0,
                oldest_age_seconds=0,
            ),
        ),
        sources=(source("nats", "nats", 15, 4), source("aws", "aws", 60, 31)),
        pushes=(
            push("otlp", "http://127.0.0.1:4318"),
            push("cloudwatch", "OMS/Events"),
        ),
        aws_cost_dollars_per_month=4.38,
    )


def troubled() -> Status:
    """A stopped consumer, a burning and an exhausted objective, a failing rule, a silent source."""
    return status_of(
        system="oms",
        environment="production",
        version="0.1.0",
        generated_at=NOW,
        uptime_seconds=5_400,
        slos=(
            slo(
                "event-delivery",
                left=0.181,
                rate=16.2,
                state="burning",
                urgent=True,
                reasons=("16 times too fast over 1h and 5m",),
            ),
            slo("processor-freshness", left=-0.124, rate=2.4, state="exhausted"),
            slo("no-dead-letters", left=None, rate=None, state="no_data"),
        ),
        consumers=(
            *healthy_consumers(),
            consumer(
                "billing-projection",
                state="stopped",
                reasons=("no_puller",),
                lag=48_211,
                seconds=2_460,
                eviction=1_140,
                history=tuple(range(0, 48_211, 1_607)),
            ),
            consumer(
                "thumbnailer",
                state="slow",
                reasons=("ack_pending_full",),
                lag=9_204,
                seconds=312,
                flight=1_000,
                dead_letters=3,
                history=tuple(round(6_000 + 110 * i + 400 * math.sin(i)) for i in range(30)),
            ),
            consumer(HOSTILE, lag=2, seconds=0.4, reasons=("message_retrying",), drain=1),
        ),
        streams=healthy_streams(),
        servers=(
            ServerStatus(nats="nats", server="n1:8222", name="n1", state="ok", connections=9),
            ServerStatus(
                nats="nats",
                server="n2:8222",
                name="n2",
                state="unhealthy",
                text="Server n2 (n2:8222) is unhealthy (no space left on device)",
            ),
            ServerStatus(
                nats="nats",
                server="",
                name="n3",
                state="not_polled",
                text="Server n3 is not polled: add the monitoring address of server n3 to "
                "sources.nats.nats.monitor",
            ),
        ),
        rules=(
            rule("oms-schema-changed", 212),
            rule("oms-object-changed", 18_340, failed=912, failed_now=140),
        ),
        queues=(
            QueueStatus(
                aws="aws",
                queue="oms-events-dlq",
                dead_letter=True,
                visible=37,
                oldest_age_seconds=1_520,
            ),
        ),
        sources=(
            source("nats", "nats", 15, 4),
            source(
                "aws", "aws", 60, 840, error="throttled: GetMetricData: Rate exceeded", up=False
            ),
        ),
        pushes=(
            push("otlp", "http://127.0.0.1:4318", error="connection refused"),
            push("cloudwatch", "OMS/Events"),
        ),
        aws_cost_dollars_per_month=4.38,
    )


def starting() -> Status:
    """Just started: nothing has answered, and the spec has no objectives."""
    return status_of(
        system="oms",
        environment="development",
        version="0.1.0",
        generated_at=NOW,
        uptime_seconds=2,
        sources=(source("nats", "nats", 15, None), source("aws", "aws", 60, None)),
    )


def large(consumers: int) -> Status:
    """A cluster with that many consumers, every hundredth of them stopped."""
    return status_of(
        system="fleet",
        environment="production",
        version="0.1.0",
        generated_at=NOW,
        uptime_seconds=86_400,
        consumers=tuple(
            consumer(
                f"worker-{i:05}",
                stream=f"STREAM_{i % 100:03}",
                state="stopped" if i % 100 == 0 else "ok",
                lag=i if i % 100 == 0 else 0,
                seconds=i / 10 if i % 100 == 0 else 0,
                history=tuple((i * k) % 50 for k in range(30)),
            )
            for i in range(consumers)
        ),
        sources=(source("nats", "nats", 15, 4),),
    )


def slo(
    name: str,
    *,
    left: float | None,
    rate: float | None,
    state: SloState = "ok",
    urgent: bool = False,
    reasons: tuple[str, ...] = (),
    service: str = "oms",
) -> SloStatus:
    factors = (1.0, 0.9, 1.0, 0.8, 0.5, 0.3, 0.25, 0.2)
    rates = {w: None if rate is None else rate * f for w, f in zip(WINDOWS, factors, strict=True)}
    total = 0 if left is None else 1_284_330
    return SloStatus(
        name=name,
        service=service,
        description="Events reach their targets",
        sli="invocations of oms-events/* that did not fail",
        objective_percent=99.9,
        window="30d",
        state=state,
        urgent=urgent,
        reasons=reasons,
        budget_remaining=left,
        burn_rates=rates,
        error_ratios={w: None if r is None else r * 0.001 for w, r in rates.items()},
        exhaustion_seconds=30 * 86_400 * max(left, 0) / rate if left is not None and rate else None,
        good=total * (1 - 0.001 * (1 - left)) if left is not None else 0,
        total=total,
        watermark=None if left is None else NOW - 130,
        budget_history=()
        if left is None
        else tuple(1 - (1 - left) * (i / 29) ** 2 for i in range(30)),
    )


def consumer(
    name: str,
    *,
    stream: str = "OMS_EVENTS",
    state: ConsumerState = "ok",
    reasons: tuple[str, ...] = (),
    lag: int = 0,
    seconds: float = 0.0,
    drain: float | None = None,
    eviction: float | None = None,
    flight: int = 0,
    dead_letters: int = 0,
    history: tuple[float, ...] = (0,) * 30,
) -> ConsumerStatus:
    return ConsumerStatus(
        nats="nats",
        account="$G",
        stream=stream,
        consumer=name,
        status=state,
        reasons=reasons,
        lag_messages=lag,
        lag_seconds=seconds,
        pending=lag - flight,
        ack_pending=flight,
        redelivered=0,
        dead_letters=dead_letters,
        drain_seconds=0 if lag == 0 else drain,
        eviction_seconds=eviction,
        lag_history=history,
    )


def stream(
    name: str,
    messages: int,
    size: int,
    *,
    max_age: float | None = None,
    max_bytes: int | None = None,
    max_messages: int | None = None,
    discard_new: bool = False,
) -> StreamStatus:
    return StreamStatus(
        nats="nats",
        account="$G",
        stream=name,
        messages=messages,
        bytes=size,
        consumers=2,
        last_sequence=messages,
        last_message=NOW - 2,
        max_age_seconds=max_age,
        max_bytes=max_bytes,
        max_messages=max_messages,
        discard_new=discard_new,
    )


def rule(name: str, invocations: int, *, failed: int = 0, failed_now: int = 0) -> RuleStatus:
    recent = round(invocations / 12)
    return RuleStatus(
        aws="aws",
        bus="oms-events",
        rule=name,
        failing=failed_now > 0,
        invocations_5m=recent,
        failures_5m=failed_now,
        error_ratio_5m=failed_now / recent,
        invocations_1h=invocations,
        failures_1h=failed,
        error_ratio_1h=failed / invocations,
        last_failure=NOW - 190 if failed else None,
        dead_lettered_1h=failed // 25,
    )


def source(
    name: str,
    kind: Literal["nats", "aws"],
    poll: float,
    age: float | None,
    *,
    up: bool | None = None,
    error: str | None = None,
) -> SourceStatus:
    return SourceStatus(
        name=name,
        kind=kind,
        up=(age is not None) if up is None else up,
        required=True,
        last_success=None if age is None else NOW - age,
        age_seconds=age,
        stale_after=8 * poll,
        poll_seconds=poll,
        poll_duration_seconds=None if age is None else 0.042,
        series=0 if age is None else 311,
        error=error,
        error_reason=error.partition(":")[0] if error else None,
    )


def push(
    sink: Literal["otlp", "cloudwatch"], target: str, *, error: str | None = None
) -> PushStatus:
    return PushStatus(
        sink=sink,
        target=target,
        up=error is None,
        last_success=NOW - 12,
        every_seconds=30,
        error=error,
        error_reason="connection" if error else None,
    )


def _hill(points: int, top: int) -> tuple[int, ...]:
    return tuple(round(top * math.sin(math.pi * i / points) ** 2) for i in range(points))
