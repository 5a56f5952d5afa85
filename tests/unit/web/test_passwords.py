import asyncio
import base64
import threading

import bcrypt
import pytest

from obs.web.passwords import PasswordChecker
from obs.web.throttle import TooManyWrongPasswords


def hashed(password: str) -> bytes:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4))


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class SlowCheck:
    """bcrypt that waits until a test lets it go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passwords: list[bytes] = []
        self.go_on = threading.Event()
        real = bcrypt.checkpw

        def checkpw(password: bytes, against: bytes) -> bool:
            self.passwords.append(password)
            self.go_on.wait(10)
            return real(password, against)

        monkeypatch.setattr(bcrypt, "checkpw", checkpw)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowCheck:
    return SlowCheck(monkeypatch)


async def test_a_right_password_of_another_address_is_checked_before_the_wrong_ones_that_wait(
    slow: SlowCheck,
) -> None:
    checker = PasswordChecker({"alice": hashed("right")})
    wrong = [
        asyncio.create_task(checker.allows(basic("alice", f"w{number}"), "evil"))
        for number in range(50)
    ]
    while not slow.passwords:
        await asyncio.sleep(0.01)
    right = asyncio.create_task(checker.allows(basic("alice", "right"), "good"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    slow.go_on.set()
    assert await right
    assert slow.passwords.index(b"right") <= 2
    refused = await asyncio.gather(*wrong, return_exceptions=True)
    assert True not in refused
    assert sum(isinstance(each, TooManyWrongPasswords) for each in refused) > 30


async def test_a_known_password_does_not_wait_for_a_check(slow: SlowCheck) -> None:
    slow.go_on.set()
    checker = PasswordChecker({"alice": hashed("right")})
    assert await checker.allows(basic("alice", "right"), "good")
    slow.go_on.clear()
    wrong = asyncio.create_task(checker.allows(basic("alice", "wrong"), "good"))
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        assert await checker.allows(basic("alice", "right"), "good")
    slow.go_on.set()
    assert not await wrong


async def test_many_clients_with_one_password_cost_one_check(slow: SlowCheck) -> None:
    checker = PasswordChecker({"alice": hashed("right")})
    clients = [
        asyncio.create_task(checker.allows(basic("alice", "right"), "good")) for _ in range(200)
    ]
    await asyncio.sleep(0)
    slow.go_on.set()
    assert all(await asyncio.gather(*clients))
    assert len(slow.passwords) == 1


async def test_the_same_wrong_password_again_costs_nothing(slow: SlowCheck) -> None:
    slow.go_on.set()
    checker = PasswordChecker({"alice": hashed("right")})
    for _ in range(50):
        assert not await checker.allows(basic("alice", "old"), "good")
    assert len(slow.passwords) == 1


async def test_an_address_that_guesses_is_turned_away_without_a_check(slow: SlowCheck) -> None:
    slow.go_on.set()
    checker = PasswordChecker({"alice": hashed("right")}, lambda: 0.0)
    for number in range(10):
        assert not await checker.allows(basic("alice", f"w{number}"), "evil")
    with pytest.raises(TooManyWrongPasswords) as refused:
        await checker.allows(basic("alice", "w10"), "evil")
    assert refused.value.retry_after == 3
    assert len(slow.passwords) == 10


async def test_the_event_loop_goes_on_during_a_check(slow: SlowCheck) -> None:
    checker = PasswordChecker({"alice": hashed("right")})
    check = asyncio.create_task(checker.allows(basic("alice", "right")))
    while not slow.passwords:
        await asyncio.sleep(0.01)
    assert not check.done()
    slow.go_on.set()
    assert await check
