"""Receivers of OTLP and CloudWatch that refuse, hang, drip, flood and reset.

Memory is what is added to that of a collector whose pushes are accepted; time is until pushes
arrive again once the receiver behaves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.hostile.drill import Drill, Limits, Outcome
from tests.hostile.push_collector import attacked, given_up, pushing
from tests.hostile.push_receivers import (
    AWS_REFUSALS,
    DRIPS,
    FLOODS,
    HTTP2_SILENCE,
    REFUSALS,
    Misbehaviour,
    PushReceiver,
)

_KEYS: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class _Attack:
    misbehaviours: Sequence[Misbehaviour]
    failures: int  # pushes to fail before the receiver behaves again
    timeout: str = "5s"

    def run(self, folder: Path) -> Outcome:
        """Push with OTLP over HTTP."""
        with PushReceiver() as receiver:
            otlp = {"endpoint": receiver.endpoint, "every": "1s", "timeout": self.timeout}
            with pushing(folder, {"otlp": otlp}) as collector:
                return attacked(collector, receiver, "otlp", self.misbehaviours, self.failures)

    def run_cloudwatch(self, folder: Path) -> Outcome:
        """Push to CloudWatch."""
        with PushReceiver() as receiver:
            aws = {"endpoint_url": receiver.endpoint, "timeout": self.timeout}
            cloudwatch = {"source": "aws", "namespace": "OMS/Events", "every": "1s"}
            with pushing(folder, {"cloudwatch": cloudwatch}, _KEYS, aws=aws) as collector:
                run = (collector, receiver, "cloudwatch", self.misbehaviours, self.failures)
                return attacked(*run)


def _grpc(folder: Path) -> Outcome:
    """Nothing is ever accepted: time is until the first push is given up and told."""
    with PushReceiver(silent=True) as receiver:
        receiver.misbehaviours = HTTP2_SILENCE
        otlp: Mapping[str, Any] = {
            "endpoint": receiver.endpoint,
            "protocol": "grpc",
            "every": "1s",
            "timeout": "0.3s",
        }
        with pushing(folder, {"otlp": otlp}) as collector:
            return given_up(collector, 5)


DRILLS: tuple[Drill, ...] = (
    Drill(
        "an OTLP receiver refuses, redirects, answers rubbish, resets and closes, in turn",
        Limits(memory_mb=30, seconds=10, log_lines=4),
        _Attack(REFUSALS, 24).run,
    ),
    Drill(
        "an OTLP receiver hangs, or drips headers, a chunk, trailers or a body without end",
        Limits(memory_mb=30, seconds=10, log_lines=4),
        _Attack(DRIPS, 7, "0.15s").run,
    ),
    Drill(
        "an OTLP receiver floods: bodies, chunks, headers and trailers without end, a gzip bomb",
        Limits(memory_mb=40, seconds=10, log_lines=4),
        _Attack(FLOODS, 7, "1s").run,
    ),
    Drill(
        "an OTLP receiver takes connections and says nothing, or has a window of no bytes (gRPC)",
        Limits(memory_mb=25, seconds=10, log_lines=2),
        _grpc,
    ),
    Drill(
        "an OTLP receiver refuses for minutes",
        Limits(memory_mb=30, seconds=10, log_lines=4),
        _Attack(REFUSALS, 2000).run,
        short=False,
    ),
    Drill(
        "an OTLP receiver floods for minutes",
        Limits(memory_mb=40, seconds=10, log_lines=4),
        _Attack(FLOODS, 200, "2s").run,
        short=False,
    ),
    Drill(
        "CloudWatch refuses what is published, denies it, and finds it too large, for minutes",
        Limits(memory_mb=30, seconds=10, log_lines=4),
        _Attack(AWS_REFUSALS, 300).run_cloudwatch,
        short=False,
    ),
    Drill(
        "CloudWatch hangs, or drips headers, a chunk, trailers or a body without end",
        Limits(memory_mb=30, seconds=30, log_lines=4),
        _Attack(DRIPS, 3, "0.2s").run_cloudwatch,
        short=False,
    ),
)
