import gc
import weakref
from collections.abc import Iterator

import pytest

from obs.collector import garbage


class Circle:
    """Refers to itself and holds something large."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_in_a_collector() -> Iterator[None]:
    before = gc.get_threshold()
    garbage.calm_garbage_collection()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def dropped() -> "weakref.ref[Circle]":
    return weakref.ref(Circle())


def test_few_objects_do_not_start_a_search_so_a_failure_does() -> None:
    circle = dropped()
    assert circle() is not None
    garbage.collect_after_failure()
    assert circle() is None


class Ended(Exception):  # noqa: N818
    """The clock of a test stops."""


async def test_whatever_is_left_is_found_once_a_minute() -> None:
    circle = dropped()
    gc.collect(1)
    old = Circle()
    gc.collect(1)
    gc.collect(1)
    survivor = weakref.ref(old)
    del old
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > 1:
            raise Ended

    garbage.collect_after_failure()
    assert survivor() is not None  # too old for a search through what is new
    with pytest.raises(Ended):
        await garbage.collect_forever(sleep)
    assert (circle(), survivor()) == (None, None)
    assert slept == [60, 60]
