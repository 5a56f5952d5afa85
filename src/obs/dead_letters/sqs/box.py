"""A dead-letter queue: messages are hidden while they are held, and shown again at the end."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from obs.clients.aws import AwsClient
from obs.clients.aws_queues import (
    BATCH,
    delete_messages,
    hide_messages,
    receive_messages,
    show_messages_again,
)
from obs.dead_letters.box import Outcome, Parcel, Route
from obs.dead_letters.kinds import Opening
from obs.dead_letters.letter import DeadLetter
from obs.dead_letters.sqs.letter import letter_of
from obs.dead_letters.sqs.routing import Routing
from obs.dead_letters.sqs.sending import Sending
from obs.errors import BadInput, SourceError
from obs.sources.aws.dead_letter_causes import REDRIVES

_MOST_BYTES: Final = 256 << 20
"""Bytes of messages that are held at once."""
_MOST_HELD: Final = 100_000
"""Messages that are held at once: SQS hides 120 000 of a queue at most."""
_WAIT: Final = 1
"""Seconds for which a request waits for a message: it asks all servers of the queue then."""
_MOST_KNOWN: Final = 3
"""Requests in a row that bring nothing but what is held: it was hidden for too short a time."""
_COUNTS: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


class QueueBox:
    """One queue. `clock`: monotonic seconds. Messages are hidden again and again while they are
    held."""

    batch = BATCH

    def __init__(
        self, name: str, client: AwsClient, clock: Callable[[], float], opening: Opening
    ) -> None:
        self.name = name
        self.notes: list[str] = []
        self._client = client
        self._queue = name.partition("/")[2]
        self._clock = clock
        self._sleep = opening.sleep
        self._tell = opening.tell
        self._hidden = opening.hidden
        self._patient = opening.patient
        self._url = ""
        self._at_end = False
        self._held: dict[str, _Held] = {}
        self._waiting: list[DeadLetter] = []
        self._messages: dict[str, dict[str, Any]] = {}
        self._routing = Routing(client)
        self._sending = Sending(client, name, self._routing.groups)

    def read(self) -> list[DeadLetter]:
        """All letters that can be received now and were not before."""
        self._open()
        if self._at_end and not self._waiting:
            return []
        found, self._waiting = self._waiting, []
        size = sum(len(each.content.payload) for each in found if each.content)
        until: float | None = None
        known = 0
        while size < _MOST_BYTES and len(self._held) < _MOST_HELD:
            letters = self._receive(_WAIT)
            known = known + 1 if letters == [] else 0
            if self._sleep(0) or known >= _MOST_KNOWN:
                break
            if letters is None:
                self._at_end = not self._patient
                others = self._others(until)
                if found or not others:
                    break
                until = until or self._clock() + self._hidden + 5
                if self._sleep(0.5):
                    break
                continue
            found += letters
            size += sum(len(each.content.payload) for each in letters if each.content)
            self.keep()
        else:
            self.notes = ["more letters than are read at once: run it again for the rest"]
        return found

    def newcomers(self) -> list[DeadLetter]:
        """What can be received now; the next reading has it as well."""
        found: list[DeadLetter] = []
        while letters := self._receive(0):
            found += letters
        self._waiting += found
        return found

    def filled(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """They have their content."""
        return [*letters]

    def routes(self, letters: Sequence[DeadLetter], to: str | None) -> list[Route]:
        """To the target that failed, or where `to` says."""
        return [self._routing.route(self._messages[each.id], to) for each in letters]

    def warnings(self, routes: Sequence[Route]) -> list[str]:
        """Buses have many rules."""
        return self._routing.warnings(routes)

    def send(self, parcels: Sequence[Parcel]) -> Iterator[Outcome]:
        """Send each to where its route says."""
        return self._sending.send(parcels, self._messages)

    def remove(self, letters: Sequence[DeadLetter]) -> list[str]:
        """Delete from the queue; what cannot be deleted stays, and is received again."""
        receipts = [self._held[each.id].receipt for each in letters]
        out = [letters[at].id for at in delete_messages(self._client, self._url, receipts)]
        for each in out:
            del self._held[each]
            self._messages.pop(each, None)
        return out

    def keep(self) -> None:
        """Hide what is held again before others see it."""
        now = self._clock()
        due = [each for each in self._held.values() if each.until - now < self._hidden / 2]
        if due:
            receipts = [each.receipt for each in due]
            hide_messages(self._client, self._url, receipts, self._hidden, 0)
        for each in due:
            each.until = now + self._hidden

    def close(self) -> None:
        """Show what is held again."""
        receipts = [each.receipt for each in self._held.values()]
        self._held.clear()
        try:
            if receipts:
                show_messages_again(self._client, self._url, receipts, 0)
        except SourceError as error:
            self.notes.append(f"letters come into sight within {self._hidden} s only: {error}")
        finally:
            self._client.close()

    def _open(self) -> None:
        if self._url:
            return
        url = self._client.queue_url(self._queue)
        if "RedrivePolicy" in self._client.queue_attributes(url, ["RedrivePolicy"]):
            raise BadInput(f"{self.name}: {REDRIVES}; remove the policy meanwhile")
        self._url = url

    def _receive(self, wait: int) -> list[DeadLetter] | None:
        """Letters that are not held yet; None where nothing is received."""
        now = self._clock()
        messages = receive_messages(self._client, self._url, self._hidden, wait)
        new = []
        for each in messages:
            known = self._held.get(each["MessageId"])
            if known is None:
                new.append(letter_of(each))
                self._messages[each["MessageId"]] = each
            # Hidden for too short a time: the latest receipt is the one that counts.
            self._held[each["MessageId"]] = _Held(each["ReceiptHandle"], now + self._hidden)
        return new if messages else None

    def _others(self, until: float | None) -> bool:
        """Whether others hold letters, and it is not too long since they came into sight."""
        counts = self._client.queue_attributes(self._url, _COUNTS)
        visible, hidden = (int(counts.get(name, 0)) for name in _COUNTS)
        theirs = hidden - len(self._held)
        if theirs > 0 and not self._patient:
            self.notes = [f"about {theirs} more are hidden: another receiver holds them"]
        waits = self._patient and (theirs > 0 or visible > 0)
        if waits:
            self._tell(f"waiting for {max(theirs, visible)} that another receiver or run holds")
        return waits and (until is None or self._clock() < until)


class _Held:
    """A message that is hidden until then."""

    __slots__ = ("receipt", "until")

    def __init__(self, receipt: str, until: float) -> None:
        self.receipt = receipt
        self.until = until
