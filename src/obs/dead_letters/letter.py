"""A dead letter, and which of them are wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Content:
    """What a letter says. Never printed as it is: `shown` masks it. `at`: when the message was
    stored (Unix seconds), where that is known."""

    payload: bytes
    headers: tuple[tuple[str, str], ...] = ()
    subject: str = ""
    at: float | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up.

    `id` is the same at each reading. `origin`: who gave it up: `STREAM/CONSUMER`, `BUS/RULE`, or
    the queue that it comes from. `target`: what did not accept it, where that is told. `at`: when
    it was given up (Unix seconds). `detail` is another system's text. `handles`: where it lies.
    `content` is None until it is fetched, and stays None where `gone` says why. `names`: those by
    which a message that was replayed is recognised when it comes back.
    """

    id: str
    cause: str
    origin: str
    at: float | None
    target: str = ""
    detail: str = ""
    attempts: int = 0
    handles: tuple[str, ...] = ()
    content: Content | None = None
    gone: str = ""
    names: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """What a record knows it by: a stream that is made anew counts from 1 again."""
        return self.id if self.at is None else f"{self.id}~{self.at:.3f}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters a command is about; without anything, all.

    `causes` and `origins` are globs; an origin is matched whole or by its last part. `since` and
    `before` are Unix seconds; a letter that does not tell its time matches neither.
    """

    causes: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    since: float | None = None
    before: float | None = None

    def takes(self, letter: DeadLetter) -> bool:
        """Whether the letter is one of them."""
        return (
            _matches((letter.cause,), self.causes)
            and _matches((letter.origin, letter.origin.rpartition("/")[2]), self.origins)
            and (not self.ids or letter.id in self.ids)
            and self._in_time(letter.at)
        )

    def _in_time(self, at: float | None) -> bool:
        if self.since is None and self.before is None:
            return True
        if at is None:
            return False
        return (self.since is None or at >= self.since) and (
            self.before is None or at < self.before
        )


def _matches(texts: Sequence[str], globs: Sequence[str]) -> bool:
    """Whether one of the texts is one of the globs, letter by letter or as a pattern."""
    return not globs or any(
        text == glob or fnmatchcase(text, glob) for text in texts for glob in globs
    )
