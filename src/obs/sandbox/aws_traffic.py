"""The OMS' traffic on EventBridge, as the metric points and dead letters AWS would produce."""

import asyncio
import contextlib
import json
import math
import random
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from obs.sandbox.aws_emulator import ACCOUNT, REGION
from obs.sandbox.aws_events import (
    BUS,
    DEAD_LETTER_QUEUE,
    RULES,
    aws,
    put_queue_age,
    put_rule_points,
)
from obs.sandbox.aws_services import ServiceTraffic
from obs.sandbox.events import SCHEMA_SHARE, events_per_second

SCHEMA_RULE, OBJECT_RULE = RULES
HISTORY_SECONDS: Final = 14 * 86_400  # CloudWatch accepts no older points

_SHARES: Final = {SCHEMA_RULE: SCHEMA_SHARE, OBJECT_RULE: 1 - SCHEMA_SHARE}
# Past faults of the object rule's target: start and end in seconds ago, share that failed. With
# the usual share this spends four tenths of a week's error budget of 0.1 %, and fires no alert.
_PAST_FAULTS: Final = (
    (5 * 86_400, 5 * 86_400 - 6000, 0.04),
    (26 * 3600, 26 * 3600 - 1200, 0.03),
    (1500, 1200, 0.004),
)
_USUAL_SHARE: Final = 0.000_05
_QUIET_SECONDS: Final = 600  # before now: no failures as the demo starts
_RETRIES: Final = 3
_LATENCY: Final = "IngestionToInvocationSuccessLatency"
_USUAL_LATENCY: Final = 180.0  # milliseconds from the bus to the target, in the median
_RETRY_DELAY: Final = 12_000.0  # milliseconds that an event waits for all its attempts
_TICK_SECONDS: Final = 5.0
_BATCH: Final = 10  # messages of one SQS request

Points = dict[str, dict[int, float]]  # metric name → {start of the minute in Unix seconds: value}


def make_points(minute: int, invocations: int, failed: int) -> Points:
    """The points of a minute; failed events were retried, then sent to the dead-letter queue."""
    attempts = invocations + failed * _RETRIES
    sums = {
        "TriggeredRules": invocations,
        "Invocations": invocations,
        "InvocationAttempts": attempts,
        "SuccessfulInvocationAttempts": invocations - failed,
        "RetryInvocationAttempts": failed * _RETRIES,
        "FailedInvocations": failed,
        "InvocationsSentToDlq": failed,
    }
    return {metric: {minute: float(number)} for metric, number in sums.items()}


def draw_latency(failing: float, chance: random.Random) -> float:
    """A delivery latency in milliseconds; where a share of deliveries fails, others are late."""
    tries = _USUAL_LATENCY * chance.lognormvariate(0.0, 0.3)
    return tries + failing * _RETRY_DELAY * chance.uniform(0.5, 1.5)


def make_history(rule: str, now: float, chance: random.Random) -> Points:
    """A rule's points of the last 14 days, up to but without the minute of `now` (Unix seconds).

    One a minute for the last hour, one in 5 minutes for 6 hours, and one an hour before that.
    """
    points: Points = {}
    for start, seconds, minute in _steps(now):
        failing = _past_share(rule, now - start)
        invocations, failed = _draw(rule, start, seconds, failing, chance)
        for metric, sums in make_points(minute, invocations, failed).items():
            by_minute = points.setdefault(metric, {})
            by_minute[minute] = by_minute.get(minute, 0.0) + sums[minute]
        points.setdefault(_LATENCY, {})[minute] = draw_latency(failing, chance)
    return points


def _steps(now: float) -> Iterator[tuple[int, int, int]]:
    """(start, length in seconds, minute whose point it belongs to) of each step of the history."""
    end = int(now) // 60 * 60
    by_minute = (end - 3600) // 300 * 300
    by_five_minutes = (end - 6 * 3600) // 3600 * 3600
    for start in range((end - HISTORY_SECONDS) // 3600 * 3600 + 3600, by_minute, 300):
        yield start, 300, start if start >= by_five_minutes else start // 3600 * 3600
    for start in range(by_minute, end, 60):
        yield start, 60, start


def _past_share(rule: str, ago: float) -> float:
    faults = _PAST_FAULTS if rule == OBJECT_RULE else ()
    usual = _USUAL_SHARE if ago > _QUIET_SECONDS else 0.0
    return next((share for start, end, share in faults if end < ago <= start), usual)


def _draw(
    rule: str, start: float, seconds: float, failing: float, chance: random.Random
) -> tuple[int, int]:
    """Invocations of a rule in some seconds, and how many of them failed."""
    invocations = _poisson(_SHARES[rule] * events_per_second(start + seconds / 2) * seconds, chance)
    return invocations, min(_poisson(invocations * failing, chance), invocations)


def _poisson(expected: float, chance: random.Random) -> int:
    """A random count of independent events (Poisson) with mean `expected`."""
    if expected > 50:
        return max(0, round(chance.gauss(expected, math.sqrt(expected))))
    count, time = 0, chance.expovariate(1.0)
    while time < expected:
        count, time = count + 1, time + chance.expovariate(1.0)
    return count


class RuleTraffic:
    """Publishes the points, dead letters and history of the OMS' rules to an emulator."""

    def __init__(
        self, endpoint_url: str, chance: random.Random, services: ServiceTraffic | None = None
    ) -> None:
        """`services`: what publishes the events, and receives them from the rules."""
        self._endpoint_url = endpoint_url
        self._chance = chance
        self._services = services
        self._failing: set[tuple[str, float]] = set()
        self._oldest_dead_letter: float | None = None
        self._feeding = threading.Lock()

    def start_failing(self, rule: str, share: float) -> None:
        """Let this share of a rule's invocations fail; of several shares the largest applies."""
        self._failing.add((rule, share))

    def stop_failing(self, rule: str, share: float) -> None:
        """End `start_failing`; no effect where it was not started."""
        self._failing.discard((rule, share))

    def feed_history(self, now: float) -> None:
        """Publish the last 14 days. Blocks for about a second."""
        for rule in RULES:
            history = make_history(rule, now, self._chance)
            put_rule_points(self._endpoint_url, BUS, rule, history)

    def feed(self, start: float, end: float) -> None:
        """Publish the traffic between two Unix times of one minute. Blocks."""
        with self._feeding:
            self._feed(start, end)

    def _feed(self, start: float, end: float) -> None:
        minute = int(start) // 60 * 60
        published, delivered = 0, dict[str, int]()
        for rule in RULES:
            failing = max((share for name, share in self._failing if name == rule), default=0.0)
            invocations, failed = _draw(rule, start, end - start, failing, self._chance)
            self._send_dead_letters(rule, failed, start)
            points = make_points(minute, invocations, failed)
            if invocations > failed:
                points[_LATENCY] = {minute: draw_latency(failing, self._chance)}
            put_rule_points(self._endpoint_url, BUS, rule, points)
            published, delivered[rule] = published + invocations, invocations - failed
        if self._services is not None:
            self._services.feed(minute, published, delivered)
        if self._oldest_dead_letter is not None:
            put_queue_age(
                self._endpoint_url, DEAD_LETTER_QUEUE, {minute: end - self._oldest_dead_letter}
            )

    def empty_queue(self) -> None:
        """Purge the dead-letter queue, as an operator would. Blocks."""
        with self._feeding:  # includes dead letters being sent right now
            sqs = aws("sqs", self._endpoint_url)
            url = sqs.get_queue_url(QueueName=DEAD_LETTER_QUEUE)["QueueUrl"]
            sqs.purge_queue(QueueUrl=url)
            self._oldest_dead_letter = None

    async def run(self) -> None:
        """Publish traffic from the start of the current minute on, until cancelled."""
        fed = time.time() // 60 * 60
        while True:
            now = time.time()
            while fed < now:
                end = min(now, fed // 60 * 60 + 60)
                with contextlib.suppress(BotoCoreError, ClientError):  # busy: a gap, as at AWS
                    await asyncio.to_thread(self.feed, fed, end)
                fed = end
            await asyncio.sleep(_TICK_SECONDS)

    def _send_dead_letters(self, rule: str, count: int, at: float) -> None:
        if not count:
            return
        sqs = aws("sqs", self._endpoint_url)
        url = sqs.get_queue_url(QueueName=DEAD_LETTER_QUEUE)["QueueUrl"]
        dead_letters = [{"Id": str(number), **_dead_letter(rule)} for number in range(count)]
        for first in range(0, count, _BATCH):
            sqs.send_message_batch(QueueUrl=url, Entries=dead_letters[first : first + _BATCH])
        self._oldest_dead_letter = self._oldest_dead_letter or at


def _dead_letter(rule: str) -> dict[str, Any]:
    """A message as EventBridge sends it to a dead-letter queue."""
    here = f"{REGION}:{ACCOUNT}"
    attributes: Mapping[str, str] = {
        "RULE_ARN": f"arn:aws:events:{here}:rule/{BUS}/{rule}",
        "TARGET_ARN": f"arn:aws:lambda:{here}:function:{rule}",
        "ERROR_CODE": "SDK_CLIENT_ERROR",
        "ERROR_MESSAGE": "The target answered 500",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "RETRY_ATTEMPTS": str(_RETRIES),
    }
    return {
        "MessageBody": json.dumps({"source": "oms", "detail-type": rule}),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    }
