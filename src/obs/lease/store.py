"""What a place has to offer in which a lease is kept."""

from typing import NamedTuple, Protocol

from obs.errors import SourceError


class Stored(NamedTuple):
    """A value, None where there is none any more, and the revision that a write must name."""

    value: bytes | None
    revision: str


class Conflict(SourceError):  # noqa: N818  says what happened
    """Another one has written the key meanwhile."""


class Store(Protocol):
    """Keys with values, of which each is replaced only by who knows its revision.

    Methods block for `ttl` / 3 at most, and raise SourceError.
    """

    @property
    def largest(self) -> int:
        """Bytes of a value other than a lease; 0 where it keeps none, and hands over nothing."""

    @property
    def seldom(self) -> float:
        """Seconds that are to be at least between two handovers."""

    @property
    def where(self) -> str:
        """The place, for people."""

    def read(self, key: str) -> Stored | None:
        """The value of a key; None where it never had one."""

    def write(self, key: str, value: bytes, revision: str | None) -> str:
        """Replace the value of this revision, None: where there is none; gives the new revision.

        Raises Conflict where it has another revision.
        """

    def put(self, key: str, value: bytes) -> None:
        """Replace whatever value there is."""

    def close(self) -> None:
        """Let go of the connection."""
