import asyncio
from collections.abc import Callable

import pytest

from obs.web.throttle import TooManyWrongPasswords
from obs.web.turns import Turns


async def order_of(
    turns: Turns, addresses: list[str], before_first: Callable[[], None] = lambda: None
) -> list[str]:
    """In which order those that ask at the same time have their turn; "!" for the refused."""
    order: list[str] = []

    async def ask(address: str) -> None:
        try:
            async with turns.turn(address):
                order.append(address)
        except TooManyWrongPasswords:
            order.append(f"{address}!")

    async with turns.turn("first"):
        tasks = [asyncio.create_task(ask(address)) for address in addresses]
        await asyncio.sleep(0)
        before_first()
    await asyncio.gather(*tasks)
    return order


async def test_addresses_take_turns_however_many_wait_at_one() -> None:
    turns = Turns(lambda _: 0.0)
    assert await order_of(turns, ["a", "a", "a", "b", "b", "c"]) == ["a", "b", "c", "a", "b", "a"]


async def test_an_address_without_wrong_passwords_goes_first() -> None:
    turns = Turns({"a": 3.0, "b": 1.0, "c": 0.0}.__getitem__)
    assert await order_of(turns, ["a", "b", "c"]) == ["c", "b", "a"]


async def test_only_some_wait_for_one_address() -> None:
    order = await order_of(Turns(lambda _: 0.0), ["a"] * 50)
    assert order.count("a") == 8
    assert order.count("a!") == 42


async def test_a_new_address_gets_a_place_when_all_are_taken() -> None:
    crowd = [f"{number % 16}" for number in range(128)]
    order = await order_of(Turns(lambda _: 0.0), [*crowd, "new"])
    assert "new" in order
    assert sum(each.endswith("!") for each in order) == 1


async def test_who_gives_up_waiting_does_not_hold_up_the_others() -> None:
    turns = Turns(lambda _: 0.0)

    async def ask() -> None:
        async with turns.turn("a"):
            pass

    async with turns.turn("first"):
        waiting = [asyncio.create_task(ask()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    waiting[1].cancel()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in done] == [
        asyncio.CancelledError,
        asyncio.CancelledError,
        type(None),
    ]
    async with asyncio.timeout(1), turns.turn("b"):
        pass


async def test_a_failure_gives_the_turn_to_the_next() -> None:
    turns = Turns(lambda _: 0.0)
    with pytest.raises(RuntimeError):
        async with turns.turn("a"):
            raise RuntimeError
    async with asyncio.timeout(1), turns.turn("b"):
        pass
