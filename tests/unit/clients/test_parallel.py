import gc
import subprocess
import sys
import threading
import weakref
from contextvars import ContextVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.clients.parallel import THREADS, in_parallel


@given(st.lists(st.integers(), max_size=40))
def test_answers_come_in_the_order_of_the_items(items: list[int]) -> None:
    assert in_parallel(lambda item: item + 1, items) == [item + 1 for item in items]


def test_as_many_run_at_a_time_as_there_are_threads() -> None:
    together = threading.Barrier(THREADS, timeout=10)  # breaks unless all of them meet
    assert in_parallel(lambda item: together.wait() >= 0, range(THREADS)) == [True] * THREADS


def test_the_first_error_is_raised_and_ends_the_work() -> None:
    begun = []

    def work(item: int) -> None:
        begun.append(item)
        raise ValueError(item)

    with pytest.raises(ValueError, match=r"\d"):
        in_parallel(work, range(1000))
    assert len(begun) <= THREADS


def test_work_that_hangs_does_not_keep_the_process_from_ending() -> None:
    program = (
        "import threading, time\n"
        "from obs.clients.parallel import in_parallel\n"
        "begun = threading.Semaphore(0)\n"
        "def hang(item): begun.release(); time.sleep(60)\n"
        "threading.Thread(target=in_parallel, args=(hang, [1, 2]), daemon=True).start()\n"
        "begun.acquire(), begun.acquire()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)


def test_threads_have_the_context_of_their_caller() -> None:
    deadline = ContextVar("deadline", default=0)
    deadline.set(7)
    assert in_parallel(lambda item: deadline.get(), range(20)) == [7] * 20


def test_an_error_and_what_its_frames_hold_are_given_back_without_a_search_for_cycles() -> None:
    class Answer:
        """Stands for megabytes."""

    kept: list[weakref.ref[Answer]] = []

    def work(item: int) -> None:
        answer = Answer()
        kept.append(weakref.ref(answer))
        raise ValueError(item)

    gc.disable()
    try:
        with pytest.raises(ValueError, match="0"):
            in_parallel(work, [0])
        gone = [answer() is None for answer in kept]
    finally:
        gc.enable()
    assert gone == [True]
