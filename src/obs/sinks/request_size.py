"""The size of requests to a receiver with a limit: smaller after a refusal, larger again later."""

from typing import Final

_LONGEST: Final = 64  # pushes between two attempts at a larger request


class RequestSize:
    """At most `most` goes into a request: half of what was too large, and later more again.

    A receiver, or a proxy before it, may refuse everything for a moment. So after pushes without
    a refusal twice as much is tried, and rarely where that turned out to be too large again.
    """

    def __init__(self, largest: int, smallest: int = 1) -> None:
        self.most = largest
        self._largest = largest
        self._smallest = smallest
        self._wait = 1
        self._clean = 0
        self._cut = self._tried = False

    def too_large(self, size: int) -> None:
        """The receiver found a request of this size too large."""
        self.most = max(min(self.most, size // 2), self._smallest)
        self._cut = True

    def pushed(self) -> None:
        """A push has ended of which the receiver took something."""
        cut, self._cut = self._cut, False
        if cut:
            self._wait = min(self._wait * 2, _LONGEST) if self._tried else self._wait
            self._clean, self._tried = 0, False
        elif self.most >= self._largest:
            self._wait = 1
            self._tried = False
        else:
            self._clean += 1
            self._tried = self._clean >= self._wait
            if self._tried:
                self.most, self._clean = min(self.most * 2, self._largest), 0
