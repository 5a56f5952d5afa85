"""Several blocking requests at a time."""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

THREADS: Final = 8

Item = TypeVar("Item")
ResultT = TypeVar("ResultT")


def in_parallel(work: Callable[[Item], ResultT], items: Sequence[Item]) -> list[ResultT]:
    """`work` of every item, in the order of the items; at most THREADS at a time.

    Raises the first error, once what is under way has ended; nothing is begun after it. The
    threads are daemons, unlike an executor's: a request that hangs never delays the process' end.
    """
    todo: queue.SimpleQueue[tuple[int, Item]] = queue.SimpleQueue()
    for numbered in enumerate(items):
        todo.put(numbered)
    answers: dict[int, ResultT] = {}
    errors: list[Exception] = []

    def worker() -> None:
        while not errors:
            try:
                position, item = todo.get_nowait()
            except queue.Empty:
                return
            try:
                answers[position] = work(item)
            except Exception as error:  # noqa: BLE001  raised again by the caller's thread
                errors.append(error)

    threads = [
        threading.Thread(target=worker, daemon=True) for _ in range(min(THREADS, len(items)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [answers[position] for position in range(len(items))]
