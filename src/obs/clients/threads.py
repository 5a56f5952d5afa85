"""Blocking calls in daemon threads, which do not prevent the process from exiting."""

import asyncio
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from obs.clients.failures import as_source_error
from obs.errors import SourceError

T = TypeVar("T")


def in_thread(call: Callable[[], T], name: str) -> "asyncio.Future[T]":
    """Run `call` in a new daemon thread; its result or exception becomes the future's.

    Unlike an executor's threads, a call that hangs is not waited for when the process ends. An
    exception becomes a SourceError that holds nothing of the call. The thread has a copy of the
    caller's context variables.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = call()
        except Exception as error:  # noqa: BLE001  it is passed on
            failure = as_source_error(error)
        except BaseException as error:  # noqa: BLE001  it is passed on
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=copy_context().run, args=(run,), name=name, daemon=True).start()
    return future


def failure_of(call: "asyncio.Future[T]") -> SourceError | None:
    """Why a call that has ended failed; None where it did not.

    Not raised: an error that is raised refers to the frames it passes, and these to the error.
    """
    error = call.exception()
    if error is None or isinstance(error, SourceError):
        return error
    raise error
