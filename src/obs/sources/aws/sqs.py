"""SQS queues: which ones are polled, their depth, and the age of their oldest message."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal

from obs.clients.aws import AwsClient
from obs.clients.metric_data import Points
from obs.clients.parallel import in_parallel
from obs.errors import SourceError
from obs.snapshot.aws import Queue
from obs.snapshot.sqs import QueueRole
from obs.spec.globs import fixed_prefix, plain_name

LeftOut = Literal["elsewhere", "denied", "missing"]

_VISIBLE: Final = "ApproximateNumberOfMessages"
_IN_FLIGHT: Final = "ApproximateNumberOfMessagesNotVisible"
_DELAYED: Final = "ApproximateNumberOfMessagesDelayed"
_REDRIVE: Final = "RedrivePolicy"
_ATTRIBUTES: Final = (_VISIBLE, _IN_FLIGHT, _DELAYED, _REDRIVE)
_AGE_HOLDS: Final = 300  # seconds before `settled` in which the age must have been reported
_ALIKE: Final = 2  # letters that a queue shares with one of which the name was mistyped
_DIGITS: Final = 18  # of a count
_NOT_THERE: Final = ("NonExistentQueue", "QueueDoesNotExist")


@dataclass(frozen=True, slots=True, order=True)
class PolledQueue:
    """A queue of the source's own account and region."""

    name: str
    url: str
    role: QueueRole = QueueRole.DEAD_LETTER


@dataclass(frozen=True, slots=True)
class FoundQueues:
    """The queues to poll, and how many were left out by reason.

    `like` has, for each glob or name that no queue matches, the names that begin like it; `denied`
    are the globs that could not be listed.
    """

    found: tuple[PolledQueue, ...]
    left_out: Counter[str]
    like: dict[str, tuple[str, ...]]
    denied: frozenset[str]


def find_queues(
    client: AwsClient, dead_letter_queues: Iterable[str], globs: Sequence[str], home: str
) -> FoundQueues:
    """The queues behind ARNs and globs.

    `home` is `region:account`: a queue elsewhere has neither its depth nor its age here.
    Raises SourceError where SQS does not answer; a queue that may not be read is left out.
    """
    found: set[PolledQueue] = set()
    left_out: Counter[str] = Counter()
    for arn in sorted(set(dead_letter_queues)):
        place, _, name = arn.removeprefix("arn:").partition(":sqs:")[2].rpartition(":")
        if place != home:
            left_out["elsewhere"] += 1
            continue
        try:
            found.add(PolledQueue(name, client.queue_url(name)))
        except SourceError as error:
            left_out[why_left_out(error)] += 1
    like: dict[str, tuple[str, ...]] = {}
    denied: set[str] = set()
    for glob in globs:
        try:
            named = _begin_with(client, fixed_prefix(glob))
            matching = [queue for queue in named if fnmatchcase(queue.name, glob)]
            if not matching:
                exact = plain_name(glob)
                similar = _begin_with(client, exact[:_ALIKE]) if exact is not None else ()
                like[glob] = tuple(queue.name for queue in similar)
        except SourceError as error:
            left_out[why_left_out(error)] += 1
            denied.add(glob)
            continue
        found.update(matching)
    return FoundQueues(tuple(sorted(found)), left_out, like, frozenset(denied))


def _begin_with(client: AwsClient, prefix: str) -> list[PolledQueue]:
    urls = client.queue_urls(prefix)
    return [PolledQueue(url.rpartition("/")[2], url) for url in urls]


def read_queues(
    client: AwsClient,
    polled: Sequence[PolledQueue],
    ages: Mapping[str, Points],
    settled: float,
) -> tuple[tuple[Queue, ...], Counter[str]]:
    """Every polled queue as it is now, and the left out by reason; `ages` are points by queue."""

    def depth(queue: PolledQueue) -> Queue | LeftOut:
        try:
            attributes = client.queue_attributes(queue.url, _ATTRIBUTES)
        except SourceError as error:
            return why_left_out(error)
        try:
            visible, in_flight = _count(attributes[_VISIBLE]), _count(attributes[_IN_FLIGHT])
            delayed = _count(attributes.get(_DELAYED, "0"))
        except (KeyError, ValueError):
            raise SourceError("decode", f"GetQueueAttributes: no depth of {queue.name}") from None
        age = oldest_age(visible, in_flight, ages.get(queue.name, {}), settled)
        redrives = bool(attributes.get(_REDRIVE))
        return Queue(queue.name, visible, age, in_flight, delayed, queue.role, redrives)

    queues: list[Queue] = []
    left_out: Counter[str] = Counter()
    for answer in in_parallel(depth, polled):
        if isinstance(answer, Queue):
            queues.append(answer)
        else:
            left_out[answer] += 1
    return tuple(queues), left_out


def _count(text: str) -> int:
    """Raises ValueError where it is none that SQS could have counted."""
    if not text.isdecimal() or len(text) > _DIGITS:
        raise ValueError("no count")
    return int(text)


def oldest_age(visible: int, in_flight: int, points: Points, settled: float) -> float | None:
    """Age of the oldest message in seconds; None where CloudWatch has no point.

    AWS reports the age only while there are messages, minutes late: the newest point counts unless
    it is from before the last settled minutes or the queue is empty by now.
    """
    newest = max(points, default=None)
    if visible == 0 and in_flight == 0:
        return 0.0
    if newest is not None and newest >= settled - _AGE_HOLDS:
        return points[newest]
    return 0.0 if visible == 0 else None


def why_left_out(error: SourceError) -> LeftOut:
    """Why one queue is left out; what concerns all of SQS is raised again."""
    if error.reason == "auth":
        return "denied"
    if error.reason == "http_status" and any(code in str(error) for code in _NOT_THERE):
        return "missing"
    raise error
