"""The path through an EventBridge bus, a rule and its SQS queue."""

import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from obs.clients.aws_cost import MONTH, PUT_EVENT, SQS_REQUEST, CostLine, Estimate
from obs.errors import SourceError
from obs.redaction.text import one_line
from obs.snapshot.canary import Accepted, Arrival, Seen
from obs.sources.canary.event import CanaryEvent, arrival_of, slot_id
from obs.sources.canary.path import Waiting
from obs.spec.canary import CanarySource

if TYPE_CHECKING:
    from obs.clients.aws import AwsClient
    from obs.sources.canary.claims import Claims

_BATCH: Final = 10
_HIDDEN: Final = 5  # seconds for which another collector's events are hidden
_LONGEST_WAIT: Final = 20  # of SQS, in seconds
_OLD: Final = 600.0  # seconds after which another collector's event is deleted too
_REMEMBERED: Final = 256  # ids of events that were published


class EventBridgePathway:
    """A path in one account and region.

    Collectors without a lease have ids of their own, so that one does not take the arrival of
    another's event for its own.
    """

    def __init__(
        self,
        name: str,
        spec: CanarySource,
        client: "AwsClient",
        claims: "Claims | None",
        wall: Callable[[], float],
    ) -> None:
        """`wall` gives Unix seconds."""
        assert spec.eventbridge is not None
        assert spec.aws is not None
        self._name = name
        self._every = spec.every
        self._path = spec.eventbridge
        # SQS answers at the end of the wait, which has to be before the request times out.
        self._longest_wait = max(min(int(spec.aws.timeout) - 1, _LONGEST_WAIT), 0)
        self._client = client
        self._claims = claims
        self._wall = wall
        self._owner = secrets.token_hex(4)
        self._mine: deque[str] = deque(maxlen=_REMEMBERED)
        self._claimed = ""
        self._url = ""
        self._began = wall()

    @property
    def resumed(self) -> float:
        """When it began: the queue keeps what arrives between two looks."""
        return self._began

    def prepare(self) -> None:
        """Find the queue."""
        if not self._url:
            self._url = self._client.queue_url(self._path.queue)

    def window(self) -> float:
        """The whole slot: claims are kept."""
        return self._every

    def id_of(self, slot: float) -> str:
        """The slot's with a lease, else this collector's own."""
        shared = slot_id(self._name, slot, self._every)
        return shared if self._claims else f"{shared}.{self._owner}"

    def publish(self, event: CanaryEvent) -> Accepted | None:
        """Put it on the bus, unless another collector has claimed it."""
        if not self._claim(event.id):
            return None
        entry = {
            "EventBusName": self._path.bus,
            "Source": self._path.event_source,
            "DetailType": self._path.detail_type,
            "Detail": event.body().decode(),
        }
        found = self._client.paid("events", "PutEvents", PUT_EVENT, self._every, Entries=[entry])
        if found.get("FailedEntryCount"):
            entries = found.get("Entries") or [{}]
            code = one_line(str(entries[0].get("ErrorCode", "no reason")), 100)
            raise SourceError("unavailable", f"PutEvents: not accepted by the bus: {code}")
        self._mine.append(event.id)
        return Accepted(event.id, event.at)

    def look(self, waiting: Mapping[str, Waiting], seconds: float) -> Seen:
        """Receive from the queue, and delete what has arrived. Asks for nothing, and so costs
        nothing, where nothing is on its way."""
        if not waiting:
            return Seen()
        self.prepare()
        wait = min(max(int(seconds), 1), self._longest_wait) if seconds else 0
        arrivals: list[Arrival] = []
        ends = time.monotonic() + seconds
        missing = {id for id, each in waiting.items() if not each.lost} or set(waiting)
        while True:
            messages = self._receive(wait)
            arrivals += self._taken(messages, waiting)
            missing -= {each.id for each in arrivals}
            if not missing or time.monotonic() >= ends:
                return Seen(tuple(arrivals))
            wait = min(wait, max(int(ends - time.monotonic()), 1))

    def close(self) -> None:
        """Close the connections that are its own."""
        if self._claims is not None:
            self._claims.close()

    def _claim(self, id: str) -> bool:
        if self._claims is None or self._claimed == id:
            return True
        # Where no claim can be made, two events are better than none.
        with suppress(SourceError):
            if not self._claims.is_ours(id):
                return False
        self._claimed = id
        return True

    def _receive(self, wait: int) -> list[dict[str, Any]]:
        found = self._client.paid(
            "sqs",
            "ReceiveMessage",
            SQS_REQUEST,
            self._every,
            QueueUrl=self._url,
            MaxNumberOfMessages=_BATCH,
            VisibilityTimeout=_HIDDEN,
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        messages: list[dict[str, Any]] = found.get("Messages", [])
        return messages[:_BATCH]

    def _taken(
        self, messages: list[dict[str, Any]], waiting: Mapping[str, Waiting]
    ) -> list[Arrival]:
        """The arrivals among the messages; deletes those, and what other collectors left."""
        arrivals = []
        now = self._wall()
        for message in messages:
            found = self._read(message, now)
            if found is None:
                continue
            ours = found.id in waiting or found.id in self._mine
            if ours or now - found.published > _OLD:
                arrivals.append(found)
                self._delete(message)
        return arrivals

    def _read(self, message: Mapping[str, Any], now: float) -> Arrival | None:
        """The event in a message, with the time when the queue got it: AWS' clock, within what
        ours allows."""
        try:
            document = json.loads(message.get("Body", ""))
            found = arrival_of(self._name, document.get("detail"), now)
            sent = float(message.get("Attributes", {})["SentTimestamp"]) / 1000
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        if found is None:
            return None
        return Arrival(found.id, found.published, min(max(sent, found.published), now))

    def _delete(self, message: Mapping[str, Any]) -> None:
        receipt = str(message.get("ReceiptHandle", ""))
        self._client.paid(
            *("sqs", "DeleteMessage", SQS_REQUEST, self._every),
            QueueUrl=self._url,
            ReceiptHandle=receipt,
        )


def estimate_of(spec: CanarySource) -> Estimate:
    """What a month of it costs at AWS, if all events arrive at the first look."""
    slots = MONTH / spec.every
    requests = 2 * slots
    return Estimate(
        (
            CostLine("PutEvents events", slots, slots * PUT_EVENT),
            CostLine("SQS requests", requests, requests * SQS_REQUEST),
            CostLine("SQS messages of the rule", slots, slots * SQS_REQUEST),
        ),
        (
            f"an event every {spec.every:g} s, which arrives at the first look",
            "for each event that does not arrive, a request to SQS at each poll until lost_after",
            "list prices of us-east-1, without free tiers, for a month of 730 h",
            "not within monthly_budget_dollars of the AWS source",
        ),
    )
