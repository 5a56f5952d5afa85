import asyncio
import gc
import logging
import weakref
from collections.abc import Iterator

import pytest

from obs.clients.failures import as_source_error
from obs.clients.threads import failure_of, in_thread
from obs.errors import SourceError, forget_frames


class Data:
    """What a call works on."""


kept: list["weakref.ref[Data]"] = []


@pytest.fixture(autouse=True)
def without_garbage_collection() -> Iterator[None]:
    kept.clear()
    gc.disable()
    yield
    gc.enable()


def fail_like_a_library() -> None:
    """The error is kept by the frame it passed, as in urllib3."""
    data = Data()
    kept.append(weakref.ref(data))
    try:
        raise ValueError(data)
    except ValueError as error:
        again = error
        raise OSError("lost") from again


def failing() -> None:
    data = Data()
    kept.append(weakref.ref(data))
    try:
        fail_like_a_library()
    except OSError:
        raise SourceError("connection", "gone") from None


def broken() -> None:
    data = Data()
    kept.append(weakref.ref(data))
    try:
        fail_like_a_library()
    except OSError as error:
        raise ExceptionGroup("several", [error, KeyError("x")]) from error


def living() -> int:
    return sum(each() is not None for each in kept)


async def test_a_failed_call_in_a_thread_keeps_nothing_of_its_data() -> None:
    call = in_thread(failing, "test")
    await asyncio.wait({call})
    failure = failure_of(call)
    assert failure is not None
    assert (failure.reason, str(failure)) == ("connection", "gone")
    assert (len(kept), living()) == (2, 0)


async def test_neither_does_a_call_that_fails_for_a_defect_of_obs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    call = in_thread(broken, "test")
    await asyncio.wait({call})
    failure = failure_of(call)
    caplog.clear()  # the record of the log has the error, and is gone once it is written
    assert failure is not None
    assert (failure.reason, str(failure)) == (
        "internal",
        "ExceptionGroup in the collector; see its log",
    )
    assert (len(kept), living()) == (2, 0)


def test_a_defect_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        try:
            raise ZeroDivisionError
        except ZeroDivisionError as error:
            as_source_error(error)
    assert "test_failures.py" in caplog.text


def test_errors_that_led_to_each_other_in_a_circle_are_let_go_of() -> None:
    first, second = ValueError(), KeyError()
    first.__context__, second.__context__ = second, first
    forget_frames(first)
    assert [each.__context__ for each in (first, second)] == [None, None]


async def test_what_ends_a_thread_otherwise_is_not_taken_for_a_failure() -> None:
    def leave() -> None:
        raise SystemExit(3)

    call = in_thread(leave, "test")
    await asyncio.wait({call})
    with pytest.raises(SystemExit):
        failure_of(call)


async def test_a_call_that_succeeds_has_no_failure() -> None:
    call = in_thread(lambda: 7, "test")
    await asyncio.wait({call})
    assert (failure_of(call), call.result()) == (None, 7)
