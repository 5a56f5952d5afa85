"""Concurrent blocking requests."""

import queue
import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Final, TypeVar

THREADS: Final = 8

Item = TypeVar("Item")
ResultT = TypeVar("ResultT")


def in_parallel(work: Callable[[Item], ResultT], items: Sequence[Item]) -> list[ResultT]:
    """The results of `work` for every item, in the order of items; at most THREADS run at a time.

    After an error no further item is started; it is raised once those running have ended. Each
    thread has a copy of the caller's context variables. The
    threads are daemons, unlike an executor's: a request that hangs never delays process exit.
    """
    todo: queue.SimpleQueue[tuple[int, Item]] = queue.SimpleQueue()
    for numbered in enumerate(items):
        todo.put(numbered)
    results: dict[int, ResultT] = {}
    errors: list[Exception] = []

    def worker() -> None:
        while not errors:
            try:
                position, item = todo.get_nowait()
            except queue.Empty:
                return
            try:
                results[position] = work(item)
            except Exception as error:  # noqa: BLE001  raised again by the caller's thread
                errors.append(error)

    threads = [
        threading.Thread(target=copy_context().run, args=(worker,), daemon=True)
        for _ in range(min(THREADS, len(items)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        try:
            raise errors[0]
        finally:
            errors.clear()  # else the error's traceback holds the list, and the list the error
    return [results[position] for position in range(len(items))]
