import subprocess
import sys
import threading

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
