"""Push to a Prometheus remote write receiver. Import this module only where the spec has it.

There is no log on disk: what cannot be sent waits in memory, the oldest first, and beyond a bound
the oldest is dropped and counted. Only one request is under way, so that samples of a series arrive
in their order.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Event
from typing import Final

from obs.clients.failures import as_source_error
from obs.clients.remote_write import WriteAnswer, Writer
from obs.errors import Reason, SourceError, forget_frames
from obs.families.family import Family
from obs.sinks.labels import Labels
from obs.sinks.pushed import Pushed
from obs.sinks.repeats import SHARE, Patience
from obs.sinks.request_size import RequestSize
from obs.sinks.write_messages import Protocol, protocols
from obs.sinks.written import Batch, WrittenSeries
from obs.spec.remote_write import RemoteWrite

log = logging.getLogger(__name__)

LONGEST_PAUSE: Final = 300.0
"""Seconds that a receiver may ask to be left alone; it does not silence the output for good."""
_WRONG: Final = frozenset((400, 409, 413, 415, 422))
"""Statuses that are about one request; others would meet the next one too."""
_OLD: Final = (400, 415)
"""Statuses with which a receiver of version 1 may refuse version 2."""


class RemoteWriteSink:
    """Pushes families through a writer. `labels` are those of all series beside their own.

    `more` gives families that only a scrape has.
    """

    def __init__(
        self,
        spec: RemoteWrite,
        writer: Writer,
        labels: Labels = (),
        *,
        more: Callable[[], Sequence[Family]] = lambda: (),
        now: Callable[[], float] = time.monotonic,
        permit: Callable[[], SourceError | None] = lambda: None,
    ) -> None:
        """`permit` is asked before each request: why it may not be sent; None where it may."""
        self._permit = permit
        self._spec = spec
        self._writer = writer
        self._more = more
        self._now = now
        self._closed = Event()
        self._series = WrittenSeries()
        self._pending: deque[Batch] = deque()
        self._size = RequestSize(spec.max_samples_per_send)
        second, first = protocols(labels)
        self._first = first
        self._protocol = first if spec.protocol == "v1" else second
        self._settled = spec.protocol != "auto"
        self._confirms = False  # whether the receiver says how much of version 2 it wrote
        self._resumes = 0.0  # by the monotonic clock: a receiver asked to be left alone until then

    @property
    def limit(self) -> float:
        """Seconds that a push may last."""
        return self._spec.every * SHARE

    def push(self, families: Sequence[Family], at: float) -> Pushed:
        """Send the samples with the time `at` (Unix seconds), after those that wait.

        Blocks. What the receiver cannot take now is sent with the next pushes; what it refuses is
        counted as rejected and not sent again.
        """
        everything = [*families, *self._more()]
        self._pending += self._series.batches(everything, round(at * 1000), self._size.most)
        patience = Patience(self._now() + self.limit, self._closed, now=self._now)
        done = _Done()
        while self._pending and not self._closed.is_set():
            try:
                failure = self._first_sent(patience, done)
            except Exception as error:  # noqa: BLE001  else it would stay in the way of all others
                done.refused(self._pending.popleft(), 0, as_source_error(error))
                continue
            if failure is not None:
                break
            patience.succeeded()
        if done.accepted:
            self._size.pushed()
        dropped = self._bound()
        return Pushed(
            done.accepted,
            done.rejected,
            _without_pause(done.failure),
            dropped=dropped,
            pending=self._waiting(),
            repeated=patience.repeats,
        )

    def go_on(self, before: "RemoteWriteSink") -> None:
        """Take over from the sink of an earlier spec what waits and which series there were."""
        self._pending, self._series = before._pending, before._series
        before._pending = deque()

    def close(self) -> None:
        """Close the writer; a push in progress sends no further request."""
        self._closed.set()
        self._writer.close()
        if waiting := self._waiting():
            log.warning("remote write: %d samples are not sent; only a reload keeps them", waiting)

    def _first_sent(self, patience: Patience, done: "_Done") -> SourceError | None:
        """Send what has waited longest; why that is to be tried later, if it is."""
        if self._now() < self._resumes:
            wait = self._resumes - self._now()
            why = f"the receiver asked for a pause, for {wait:.0f} s more"
            done.failure = SourceError("throttled", why)
            return done.failure
        while True:
            batch = self._pending[0]
            answer = self._answer(batch, patience)
            failure = answer.failure
            if failure is None:
                self._pending.popleft()
                done.took(batch, answer.written)
                return None
            if not answer.may_repeat:
                return self._refused(batch, answer, failure, done)
            done.failure = failure
            unsent = failure.reason in ("auth", "unavailable") and not answer.status
            if unsent or not patience.again(failure):
                if failure.pause is not None:
                    self._resumes = self._now() + min(failure.pause, LONGEST_PAUSE)
                return failure

    def _refused(
        self, batch: Batch, answer: WriteAnswer, failure: SourceError, done: "_Done"
    ) -> SourceError | None:
        """Cut a batch that is too large; count any other, which is not sent again."""
        if answer.status == 413 and (halves := batch.halves()):
            self._pending.popleft()
            self._pending.extendleft(reversed(halves))
            self._size.too_large(batch.samples)
            return None
        self._pending.popleft()
        done.refused(batch, answer.written or 0, failure)
        return None if answer.status in _WRONG else failure

    def _answer(self, batch: Batch, patience: Patience) -> WriteAnswer:
        """The answer to a batch, tried in version 1 where the receiver may know no other."""
        answer = self._sent(batch, self._protocol, patience)
        if self._protocol is self._first or not self._may_be_old(answer):
            if answer.failure is None:
                self._settled = True
                self._confirms = answer.written is not None
            return answer
        again = self._sent(batch, self._first, patience)
        if again.failure is None:
            log.info("remote write: the receiver takes version 1 only")
            self._protocol, self._settled = self._first, True
        elif answer.failure is None and not again.may_repeat:
            self._settled, self._confirms = True, False  # version 2 after all, without the header
            return answer
        cut = again.status == 413 and answer.status != 413
        return again if again.failure is None or again.may_repeat or cut else _told(answer, again)

    def _may_be_old(self, answer: WriteAnswer) -> bool:
        """Whether the answer to version 2 is one of a receiver that knows version 1 only.

        Such a one may find nothing that it knows in a message of version 2, and take that: only the
        header with the number of samples tells that they are written. One that has sent it before
        and no longer does may have been replaced by an earlier release.
        """
        if self._spec.protocol != "auto" or answer.written is not None:
            return False
        if answer.status == 415:
            return True
        searching = self._confirms or not self._settled
        return searching and (answer.failure is None or answer.status in _OLD)

    def _sent(self, batch: Batch, protocol: Protocol, patience: Patience) -> WriteAnswer:
        if (refused := self._permit()) is not None:
            return WriteAnswer(0, None, refused)
        left = min(patience.left, self._spec.timeout)
        if left <= 0:
            return _none("timeout", f"the push took longer than {self.limit:g} s")
        message = protocol.encoded(batch)
        try:
            return self._writer.send(message, protocol.kind, protocol.version, left)
        except SourceError as error:
            failure = error
        forget_frames(failure)  # which hold the message
        return WriteAnswer(0, None, failure)

    def _bound(self) -> int:
        """Drop the oldest beyond the bound; how many samples that were."""
        dropped, waiting = 0, self._waiting()
        while waiting - dropped > self._spec.max_pending_samples:
            dropped += self._pending.popleft().samples
        return dropped

    def _waiting(self) -> int:
        return sum(batch.samples for batch in self._pending)


class _Done:
    """What became of the batches of one push."""

    def __init__(self) -> None:
        self.accepted = 0
        self.rejected = 0
        self.failure: SourceError | None = None

    def took(self, batch: Batch, written: int | None) -> None:
        """The receiver took a batch, of which it says that it wrote so many samples."""
        taken = batch.samples if written is None else min(written, batch.samples)
        self.accepted += taken
        self.rejected += batch.samples - taken
        if taken < batch.samples:
            why = f"{batch.samples - taken} of {batch.samples} samples were not written"
            self.failure = SourceError("partial", why)
        elif self.failure is not None and not self.rejected:
            self.failure = None  # what failed before was repeated

    def refused(self, batch: Batch, written: int, failure: SourceError) -> None:
        """The receiver refused a batch but for so many samples."""
        taken = min(written, batch.samples)
        self.accepted += taken
        self.rejected += batch.samples - taken
        self.failure = failure


def _told(answer: WriteAnswer, again: WriteAnswer) -> WriteAnswer:
    """Of two refusals, to version 2 and to version 1, the one that tells more."""
    return again if answer.status == 415 else answer


def _none(reason: Reason, why: str) -> WriteAnswer:
    """No answer, for now."""
    return WriteAnswer(0, None, SourceError(reason, why))


def _without_pause(failure: SourceError | None) -> SourceError | None:
    """The sink keeps the pause itself: meanwhile samples are taken at every interval."""
    if failure is None or failure.pause is None:
        return failure
    asks = f"{failure}; the receiver asks for a pause of {failure.pause:.0f} s"
    return SourceError(failure.reason, asks)
