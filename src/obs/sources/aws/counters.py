"""Counters over CloudWatch's points, kept over restarts: they never fall though it corrects points.

Each kind of counters says what its keys are and under which names it is kept; see CounterKind.
"""

import logging
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

import msgspec

from obs.slo.minutes import minute_of
from obs.slo.totals import HORIZON_SECONDS, CumulativeTotal, TotalState
from obs.slo.windows import HOUR, MINUTE
from obs.snapshot.aws import AwsSnapshot
from obs.sources.aws.missed import Uncounted
from obs.state import State, decoded

log = logging.getLogger(__name__)

LATE: Final = HOUR
"""Seconds by which a point may come late although nobody polled meanwhile."""
ENCODE: Final = msgspec.msgpack.Encoder().encode
SEPARATOR: Final = "\x1f"  # occurs in no name

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")
Counts = Mapping[int, float]
"""By the start of a period in Unix seconds."""


@dataclass(frozen=True)
class CounterKind(Generic[Key]):
    """A kind of counters: by which keys they are counted, and how the state file names them.

    An entry of the kind `totals` has the name of the source and then the `words` of the key;
    `key` makes the key of them again and raises TypeError or ValueError where they are none. The
    entry of the kind `last_poll` has the name of the source. `horizon` is how many seconds back a
    point is still corrected.
    """

    totals: str
    words: Callable[[Key], Iterable[str]]
    key: Callable[..., Key]
    last_poll: str = ""
    horizon: Callable[[Key], int] = lambda _: HORIZON_SECONDS


class Totals(Generic[Key]):
    """The totals of one source by key, each kept as soon as it has changed."""

    def __init__(
        self, kind: CounterKind[Key], source: str, state: State, on_damage: Callable[[], None]
    ) -> None:
        self._kind = kind
        self._source = source
        self._state = state
        self._first_shown: set[Key] = set()
        self._totals: dict[Key, CumulativeTotal] = {}
        for name, value in state.entries(kind.totals).items():
            saved_source, *words = name.split(SEPARATOR)
            if saved_source != source:
                continue
            try:
                key = kind.key(*words)
                total = decoded(value, TotalState)
                self._totals[key] = CumulativeTotal.restored(
                    total, horizon_seconds=kind.horizon(key)
                )
            except (TypeError, ValueError) as error:
                on_damage()
                log.warning("state of counter %r is unreadable (%s); starting at 0", name, error)

    def __contains__(self, key: Key) -> bool:
        return key in self._totals

    def next_poll(self) -> None:
        """Show as it is from now on what was first shown at 0."""
        self._first_shown.clear()

    def count(self, key: Key, now: int, before: int | None, *points: Counts) -> None:
        """Count what is new in these points, which end in the period that begins at `now`.

        A counter that is new begins now, or at `before` where its object did not exist then. What
        it had by now shows only at the next poll: `increase()` needs the zero before it.
        """
        total = self._totals.get(key)
        if total is None:
            begin = now if before is None else min(before, now)
            total = CumulativeTotal(begin, horizon_seconds=self._kind.horizon(key))
            self._totals[key] = total
            if before is not None:
                self._first_shown.add(key)
        total.begin_by(now)
        for each in points:
            total.update(each)
        if changed := total.changed():
            self._put(key, changed)

    def value(self, key: Key) -> float:
        """What is shown of a counter."""
        return 0.0 if key in self._first_shown else self._totals[key].total

    def since(self) -> int:
        """When the first of them began (Unix seconds); 0 where there is none."""
        return min((total.since for total in self._totals.values()), default=0)

    def save(self) -> None:
        """Queue all of them."""
        for key, total in self._totals.items():
            self._put(key, total.state())

    def forget(self, there: Collection[Key], before: float) -> None:
        """Drop those that are not there and had no point from `before` (Unix seconds) on."""
        for key in self._totals.keys() - there:
            state = self._totals[key].state()
            if max(state.values, default=state.since) < before:
                del self._totals[key]
                self._state.remove(self._kind.totals, self._name(key))

    def _put(self, key: Key, total: TotalState) -> None:
        self._state.put(self._kind.totals, self._name(key), ENCODE(total))

    def _name(self, key: Key) -> str:
        return SEPARATOR.join((self._source, *self._kind.words(key)))


class LastPoll(msgspec.Struct, frozen=True):
    """What the next poll has to know of the last one, also after a restart; Unix seconds.

    Minutes before `settled` were complete, those from `seen_until` on had not begun. An object that
    is not in the listing of `listed` did not exist then, unless the spec had another `selection`.
    """

    settled: int
    seen_until: int
    listed: float | None = None
    selection: str = ""


class Counters(Generic[Key]):
    """The counters of one kind of objects of one source.

    At the first start ever they begin now, as they do where the spec chooses others than before.
    What appears later is counted from the last listing without it on: it did not exist before.
    """

    kind: ClassVar[CounterKind[Any]]

    def __init__(
        self, source: str, state: State, on_damage: Callable[[], None], selection: str = ""
    ) -> None:
        """`selection`: what the spec chooses, in any form that changes with it."""
        self.source = source
        self._selection = selection
        self._state = state
        self._totals: Totals[Key] = Totals(self.kind, source, state, on_damage)
        self.value = self._totals.value
        self.since = self._totals.since
        self._last = restored(state, self.kind.last_poll, source, LastPoll, on_damage)

    def count(
        self,
        snapshot: AwsSnapshot,
        keys: Iterable[Key],
        points: Mapping[Key, Counts],
        missed: Mapping[Key, Counts],
        *,
        listed: float | None,
    ) -> None:
        """Count what is new in the points of these keys.

        `listed` is when the objects were listed (Unix seconds), None where one that was not in a
        listing may have existed.
        """
        now, before = minute_of(snapshot.at), self._listed_before()
        is_later = before is not None and listed is not None and before < listed
        begin = minute_of(before) if before is not None and is_later else None
        self._totals.next_poll()
        for key in keys:
            self._totals.count(key, now, begin, missed.get(key, {}), points.get(key, {}))
        self._last = LastPoll(int(snapshot.settled), now + MINUTE, listed, self._selection)
        self._put_last_poll()

    def save(self) -> None:
        """Queue every counter, and what the next poll has to know of the last one."""
        self._totals.save()
        self._put_last_poll()

    def uncounted(self, keys: Collection[Key], until: int) -> Uncounted | None:
        """What the counters with these keys lack from before `until`; None: nothing."""
        behind = self.silence(until) if any(key in self._totals for key in keys) else None
        last, listed = self._last, self._listed_before()
        if last is None or listed is None or listed >= until:
            return behind
        if all(key in self._totals for key in keys):
            return behind
        since = minute_of(listed)
        return Uncounted(min(behind.since, since) if behind else since, last.seen_until)

    def silence(self, until: int) -> Uncounted | None:
        """What no poll has seen in full of the time before `until`; None: nothing."""
        last = self._last
        if last is None or last.settled - LATE >= until:
            return None
        return Uncounted(last.settled - HORIZON_SECONDS, last.seen_until)

    def _listed_before(self) -> float | None:
        """When the objects were last listed; None where that listing chose others."""
        last = self._last
        return last.listed if last is not None and last.selection == self._selection else None

    def _put_last_poll(self) -> None:
        if self._last is not None:
            self._state.put(self.kind.last_poll, self.source, ENCODE(self._last))


def restored(
    state: State, kind: str, name: str, of: type[T], on_damage: Callable[[], None]
) -> T | None:
    """The value of an entry; None where there is none that can be read."""
    value = state.entries(kind).get(name)
    try:
        return decoded(value, of) if value else None
    except ValueError as error:
        on_damage()
        log.warning("state %s of %s is unreadable (%s)", kind, name, error)
        return None
