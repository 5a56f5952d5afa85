"""The log: one plain line a record, whoever logs."""

import json
import logging
import subprocess
import sys

import pytest

from obs.cli.logs import JsonLine, OneLine
from obs.redaction.known import KNOWN


def record(message: object, *values: object, error: BaseException | None = None) -> str:
    found = (type(error), error, error.__traceback__) if error else None
    return OneLine().format(
        logging.LogRecord("x", logging.WARNING, __file__, 1, message, values, found)
    )


def failure(text: str) -> Exception:
    try:
        raise KeyError(text)
    except KeyError as error:
        return error


def test_a_name_from_elsewhere_stays_within_its_line() -> None:
    line = record("consumer %s is gone", "a\n2026-01-01 ERROR forged\x1b[2J\u202e")
    assert line.endswith(r" WARNING consumer a 2026-01-01 ERROR forged\u001b[2J\u202e is gone")


def test_a_secret_in_a_log_line_is_redacted_whoever_logs_it() -> None:
    KNOWN.add("hunter2hunter2")
    line = record('"GET /?token=abc HTTP/1.1" Authorization: Basic aGk6aGk= hunter2hunter2')
    assert line.endswith(' WARNING "GET /?token=… HTTP/1.1" Authorization: Basic … …')


def test_as_json_a_record_has_time_level_logger_and_the_same_text() -> None:
    KNOWN.add("hunter2hunter2")
    error = failure("hunter2")
    found = logging.LogRecord(
        "obs.x", logging.ERROR, __file__, 1, 'a\n"%s"', ("hunter2hunter2",), (KeyError, error, None)
    )
    found.created = 1_800_000_000.25
    assert json.loads(JsonLine().format(found)) == {
        "time": "2027-01-15T08:00:00.250Z",
        "severity": "ERROR",
        "logger": "obs.x",
        "message": 'a "…": KeyError at test_logs.py:23 in failure',
    }


def test_as_json_a_traceback_stays_within_its_line(caplog: pytest.LogCaptureFixture) -> None:
    error = failure("hunter2")
    found = logging.LogRecord(
        "x", logging.ERROR, __file__, 1, "failed", (), (KeyError, error, None)
    )
    with caplog.at_level(logging.DEBUG):
        line = JsonLine().format(found)
    assert "\n" not in line
    assert json.loads(line)["traceback"].startswith("Traceback (most recent call last):")


def test_a_line_is_cut() -> None:
    assert len(record("x" * 100_000)) < 2_100


def test_an_exception_is_named_with_its_place_and_without_its_text() -> None:
    line = record("checks failed to run", error=failure("hunter2"))
    assert line.endswith("checks failed to run: KeyError at test_logs.py:23 in failure")
    assert "hunter2" not in line


def test_arguments_that_do_not_fit_are_no_reason_to_fail() -> None:
    assert record("%s of %s", 1).endswith("%s of %s")
    assert record(ValueError("a\nb")).endswith("WARNING a b")


def test_at_debug_level_the_traceback_follows_redacted(caplog: pytest.LogCaptureFixture) -> None:
    KNOWN.add("hunter2hunter2")
    with caplog.at_level(logging.DEBUG):
        first, *others = record("failed", error=failure("hunter2hunter2\x1b")).split("\n")
    assert first.endswith("failed: KeyError at test_logs.py:23 in failure")
    assert others[0] == "  Traceback (most recent call last):"
    assert others[-1] == r"  KeyError: '…\x1b'"
    assert all(line.startswith("  ") for line in others)


THREAD = """
import logging, threading
from obs.cli.logs import set_up_logging
from obs.logs import end_log
set_up_logging(logging.INFO)
thread = threading.Thread(target=lambda: 1 // 0)
thread.start()
thread.join()
end_log()
"""


def test_a_thread_that_ends_with_an_error_is_a_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", THREAD], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr.count("\n") == 1
    assert "a thread ended with an internal error: ZeroDivisionError at <string>" in done.stderr


def test_asyncio_quotes_no_text_of_an_exception() -> None:
    message = "Task exception was never retrieved\nfuture: <Task exception=ValueError('hunter2')>"
    record = logging.LogRecord("asyncio", logging.ERROR, __file__, 1, message, None, None)
    line = OneLine().format(record)
    assert line.endswith("Task exception was never retrieved")
