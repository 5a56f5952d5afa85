"""Which servers of a cluster do not tell all that they hold, and when nothing can be told."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from obs.errors import SourceError
from obs.snapshot.servers import IncompleteServer
from obs.sources.nats.completeness import Shortfall
from obs.sources.nats.leaders import Merged
from obs.sources.nats.problems import in_words
from obs.sources.nats.server_answer import ServerAnswer, address

_MOST: Final = 64  # servers that are known by name only: any name may stand in an answer
_REMEMBERED: Final = 1000  # servers with JetStream, those that answered last
_TELLS_NOTHING: Final = ("unreachable", "recovering", "jetstream_off")


class IncompleteServers:
    """Remembers which servers have had JetStream, and which have been ready since their start.

    A server that never had JetStream lacks nothing. One that was ready and is not, for example
    during an election of the meta leader, still has what it lists. One that lists none of several
    streams any more may be stopping: it is asked once more before that counts.
    """

    def __init__(self) -> None:
        self._with_jetstream: dict[str, None] = {}  # names
        self._ready: set[str] = set()  # ids
        self._listed: dict[str, int] = {}  # streams by the server's id, at the last poll

    def of(
        self,
        answers: Sequence[ServerAnswer],
        merged: Merged,
        names: Mapping[str, str],
        unreached: Iterable[str],
    ) -> tuple[IncompleteServer, ...]:
        """The servers of one poll that do not tell all; `only` has accounts by id.

        `names`: what the servers at the addresses were last called. `unreached`: servers of the
        cluster that no known address leads to; so are leaders that only others name.
        """
        for answer in answers:
            if answer.varz is not None and not _is_off(answer.short):
                self._with_jetstream.pop(answer.varz.server_name, None)
                self._with_jetstream[answer.varz.server_name] = None
            if answer.varz is not None and answer.short is None:
                self._ready.add(answer.varz.server_id)
        while len(self._with_jetstream) > _REMEMBERED:
            del self._with_jetstream[next(iter(self._with_jetstream))]
        self._ready &= {each.varz.server_id for each in answers if each.varz}
        stopping = self._stopping(answers)
        several = any(each.varz and not _is_off(each.short) for each in answers)
        found = [each for answer in answers if (each := self._one(answer, names, several))]
        found += [each for each in stopping if each.name not in {other.name for other in found}]
        present = {each.varz.server_name for each in answers if each.varz}
        known = present | {each.name for each in found}
        missing = dict.fromkeys([*unreached, *sorted(_leaders(merged))])
        unnamed = any(not each.name for each in found)  # it may be the one that is missing
        absent = [name for name in missing if name not in known and not unnamed]
        found += [IncompleteServer("", name, "unreachable") for name in absent[:_MOST]]
        return tuple(found)

    def _stopping(self, answers: Sequence[ServerAnswer]) -> list[IncompleteServer]:
        """Servers that list none of several streams that they listed at the last poll."""
        before = self._listed
        self._listed = {
            each.varz.server_id: sum(len(account.stream_detail or ()) for account in each.accounts)
            for each in answers
            if each.varz is not None
        }
        return [
            IncompleteServer(
                address(each.url),
                each.varz.server_name,
                "incomplete",
                f"it lists none of the {listed} streams that it listed before; it may be stopping",
            )
            for each in answers
            if each.varz is not None
            and (listed := before.get(each.varz.server_id, 0)) > 1
            and not self._listed[each.varz.server_id]
        ]

    def _one(
        self, answer: ServerAnswer, names: Mapping[str, str], several: bool
    ) -> IncompleteServer | None:
        at = address(answer.url)
        if answer.varz is None:
            return IncompleteServer(at, names.get(answer.url, ""), "unreachable", str(answer.error))
        short, name = answer.short, answer.varz.server_name
        if short is None:
            return None
        never_had_it = name not in self._with_jetstream and answer.healthy is not False
        if _is_off(short) and never_had_it and several:
            return None
        ready = short.why == "recovering" and answer.varz.server_id in self._ready
        why = "incomplete" if ready else short.why
        return IncompleteServer(at, name, why, short.words, short.only)


def labelled(
    incomplete: Iterable[IncompleteServer], label: Callable[[str], str]
) -> tuple[IncompleteServer, ...]:
    """The same with accounts in `only` by their labels, as streams and consumers have them."""
    return tuple(
        each
        if each.only is None
        else msgspec.structs.replace(
            each, only=frozenset((label(account), stream) for account, stream in each.only)
        )
        for each in incomplete
    )


def fault_of(
    source: str, answers: Sequence[ServerAnswer], incomplete: Sequence[IncompleteServer]
) -> SourceError | None:
    """Why the cluster as a whole tells nothing; None where most of its servers do tell."""
    silent = [each for each in incomplete if each.why in _TELLS_NOTHING and each.address]
    on = any(each.varz and not _is_off(each.short) for each in answers)
    if on and 2 * len(silent) <= len(answers):
        return None
    count = f"{len(silent)} of {len(answers)} servers"
    if all(each.why == "unreachable" for each in silent):
        return SourceError("partial", f"{count} do not respond")
    worst = next((each for each in silent if each.why != "unreachable"), silent[0])
    return SourceError("unavailable", f"{count} tell nothing: {in_words(source, worst)}")


def _is_off(short: Shortfall | None) -> bool:
    return short is not None and short.why == "jetstream_off"


def _leaders(merged: Merged) -> Iterator[str]:
    """Servers that replicas name as leaders and that did not report."""
    for reports in merged.values():
        if reports.named:
            yield reports.named
        yield from reports.unreachable.values()
