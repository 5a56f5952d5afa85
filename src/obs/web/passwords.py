"""Basic auth against bcrypt hashes, which are slow on purpose."""

import asyncio
import base64
import binascii
import contextlib
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

import bcrypt

from obs.web.throttle import TooManyWrongPasswords, WrongPasswords
from obs.web.turns import Turns

_BCRYPT_BYTES: Final = 72  # bcrypt itself looks at no more
_WRONG_KEPT: Final = 1000


class PasswordChecker:
    """Checks basic auth.

    What was checked is remembered, as a keyed digest, and costs nothing again: an accepted
    password for good, some wrong ones until newer ones come. Every other one costs a full check,
    one at a time and off the event loop, in turns that are fair by address. An unknown user costs
    as much as a known one.
    """

    def __init__(
        self, users: Mapping[str, bytes], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._users = users
        self._clock = clock
        self._accepted: dict[str, bytes] = {}
        self._refused: OrderedDict[bytes, None] = OrderedDict()
        self._key = secrets.token_bytes(32)
        self._wrong = WrongPasswords()
        self._turns = Turns(lambda address: self._wrong.remembered(address, clock()))
        self._under_way: dict[tuple[str, bytes], asyncio.Task[bool]] = {}
        self._for_unknown_users = _slowest(users)  # its answer is not used, only its time

    async def allows(self, authorization: str | None, address: str = "") -> bool:
        """Whether the header names a user and that user's password; anybody where no users are.

        Raises TooManyWrongPasswords, without a check, where `address` has sent too many.
        """
        if not self._users:
            return True
        credentials = _credentials(authorization)
        if credentials is None:
            return False
        user, password = credentials
        digest = hmac.digest(self._key, user.encode() + b":" + password, hashlib.sha256)
        if hmac.compare_digest(self._accepted.get(user, b""), digest):
            return True
        if digest in self._refused:
            self._refused.move_to_end(digest)
            return False
        check = self._under_way.get((address, digest))
        if check is None:
            check = asyncio.create_task(self._check(user, password, digest, address))
            self._under_way[address, digest] = check
            check.add_done_callback(lambda done: self._ended(done, address, digest))
        return await asyncio.shield(check)

    async def _check(self, user: str, password: bytes, digest: bytes, address: str) -> bool:
        self._refuse_eager(address)
        async with self._turns.turn(address):
            if hmac.compare_digest(self._accepted.get(user, b""), digest):
                return True  # from another address, meanwhile
            self._refuse_eager(address)
            hashed = self._users.get(user, self._for_unknown_users)
            matches = await asyncio.to_thread(bcrypt.checkpw, password[:_BCRYPT_BYTES], hashed)
            if matches and user in self._users:
                self._accepted[user] = digest
                return True
            self._wrong.count(address, self._clock())
        self._refused[digest] = None
        if len(self._refused) > _WRONG_KEPT:
            self._refused.popitem(last=False)
        return False

    def _refuse_eager(self, address: str) -> None:
        if wait := self._wrong.wait(address, self._clock()):
            raise TooManyWrongPasswords(wait)

    def _ended(self, check: "asyncio.Task[bool]", address: str, digest: bytes) -> None:
        self._under_way.pop((address, digest), None)
        if not check.cancelled():
            check.exception()  # seen, also where no client waits for it any more


def _slowest(users: Mapping[str, bytes]) -> bytes:
    return max(users.values(), key=lambda hashed: int(hashed.split(b"$")[2]), default=b"")


def _credentials(authorization: str | None) -> tuple[str, bytes] | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    with contextlib.suppress(binascii.Error, ValueError):
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        if colon:
            return user.decode(), password
    return None
