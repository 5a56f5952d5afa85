"""When configurations are read, which doubles an answer."""

from typing import Final

BURST: Final = 3  # reads for something new that may follow each other at once
GAP: Final = 30.0  # seconds in which one more may follow


class ConfigReads:
    """Decides at each poll whether configurations are read.

    That is every `every` seconds, and at once where something new has no series without. But where
    consumers come and go all the time, only once in GAP seconds; a consumer that had series and
    was created again does not wait for those, because it has an allowance of its own.
    """

    def __init__(self, every: float) -> None:
        self._every = every
        self._read_at: float | None = None
        self._for_new = _Allowance()
        self._for_known = _Allowance()

    @property
    def first(self) -> bool:
        """Whether nothing was read yet."""
        return self._read_at is None

    def done(self, now: float) -> None:
        """Configurations were requested at `now` (Unix seconds)."""
        self._read_at = now

    def due(self, now: float, *, new: bool, again: bool) -> bool:
        """Whether to read them at `now` (Unix seconds).

        `new`: something has no series without. `again`: one of these had series before.
        """
        if self._read_at is None or not 0 <= now - self._read_at < self._every:
            return True
        return (again and self._for_known.take(now)) or (new and self._for_new.take(now))


class _Allowance:
    """BURST at once, and one more every GAP seconds."""

    def __init__(self) -> None:
        self._left = float(BURST)
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Whether one is left, which is then used."""
        self._left = min(self._left + max(now - self._at, 0.0) / GAP, BURST)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
