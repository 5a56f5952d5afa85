"""Who may have a password checked, and in which order: wrong ones must not delay right ones.

Pure: times are seconds of any steady clock, given by the caller.
"""

import math
from collections import OrderedDict
from typing import Final

_FREE_TRIES: Final = 10  # wrong passwords of an address before it has to wait
_SECONDS_A_TRY: Final = 3.0
_FREE_IN_ALL: Final = 30  # the same over all addresses that have sent wrong ones
_SECONDS_IN_ALL: Final = 0.5
_MOST_ADDRESSES: Final = 10_000


class TooManyWrongPasswords(Exception):  # noqa: N818  a limit, not a mistake
    """Not checked: this address has to wait `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"wait {retry_after:g} s")
        self.retry_after = max(1, math.ceil(retry_after))


class WrongPasswords:
    """How many wrong passwords came from where, forgotten at the pace at which more may come."""

    def __init__(self) -> None:
        self._by_address: OrderedDict[str, _Bucket] = OrderedDict()
        self._all = _Bucket(_FREE_IN_ALL, _SECONDS_IN_ALL)

    def count(self, address: str, now: float) -> None:
        """One more from `address`."""
        bucket = self._by_address.setdefault(address, _Bucket(_FREE_TRIES, _SECONDS_A_TRY))
        self._by_address.move_to_end(address)
        bucket.fill(now)
        self._all.fill(now)
        if len(self._by_address) > _MOST_ADDRESSES:
            self._by_address.popitem(last=False)

    def remembered(self, address: str, now: float) -> float:
        """How many of `address` are not forgotten yet."""
        bucket = self._by_address.get(address)
        return bucket.level(now) if bucket else 0.0

    def wait(self, address: str, now: float) -> float:
        """Seconds until `address` may try again; 0 where it may.

        The limit over all addresses holds for those that have sent wrong ones.
        """
        bucket = self._by_address.get(address)
        if bucket is None or not bucket.level(now):
            return 0.0
        return max(bucket.wait(now), self._all.wait(now))


class _Bucket:
    """Leaks one in `seconds`; full at `size`."""

    def __init__(self, size: int, seconds: float) -> None:
        self._size = size
        self._seconds = seconds
        self._level = 0.0
        self._at = 0.0

    def level(self, now: float) -> float:
        return max(0.0, self._level - (now - self._at) / self._seconds)

    def fill(self, now: float) -> None:
        self._level = min(self._size, self.level(now) + 1)
        self._at = now

    def wait(self, now: float) -> float:
        return max(0.0, (self.level(now) + 1 - self._size) * self._seconds)
