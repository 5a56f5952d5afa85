"""The log: one plain line a record, whoever logs."""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.cli.logs import JournalLine, JsonLine, LogfmtLine, LogFormat, OneLine, quoted
from obs.logs import LONGEST_LINE
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
        "message": 'a "…": KeyError at test_logs.py:29 in failure',
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


_PAIR = re.compile(r'([^\x00-\x20="]+)=(?:"((?:[^"\\]|\\.)*)"|([^\x00-\x20="]*))(?: |\Z)')


def read_logfmt(line: str) -> Iterator[tuple[str, str]]:
    """The pairs of a line by the grammar that readers of logfmt share; anything else fails."""
    at = 0
    while at < len(line):
        found = _PAIR.match(line, at)
        assert found, line[at:]
        key, in_quotes, bare = found.groups()
        yield key, bare if in_quotes is None else json.loads(f'"{in_quotes}"')
        at = found.end()


@given(st.dictionaries(st.from_regex(r"\A[a-z_]{1,8}\Z"), st.text(), max_size=5))
def test_a_reader_of_logfmt_gets_every_value_back(fields: dict[str, str]) -> None:
    line = " ".join(f"{key}={quoted(value)}" for key, value in fields.items())
    assert dict(read_logfmt(line)) == fields
    assert len(line.splitlines()) <= 1


@given(st.text(), st.sampled_from([logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR]))
def test_as_logfmt_a_record_has_the_fields_and_the_text_that_it_has_as_json(
    text: str, level: int
) -> None:
    found = logging.LogRecord("obs.x", level, __file__, 1, "%s", (text,), None)
    as_json = json.loads(JsonLine().format(found))
    line = LogfmtLine().format(found)
    assert dict(read_logfmt(line)) == {
        "time": as_json["time"],
        "level": as_json["severity"].lower(),
        "logger": "obs.x",
        "msg": as_json["message"],
    }
    assert line.splitlines() == [line]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("up", "up"),
        ("", '""'),
        ("null", '"null"'),
        ("a b", '"a b"'),
        ("a=b", '"a=b"'),
        ('say "no"', r'"say \"no\""'),
        ("a\\b", r'"a\\b"'),
        ("a\nb\u2028", r'"a\nb\u2028"'),
    ],
)
def test_a_value_of_logfmt_is_quoted_where_a_reader_would_misread_it(
    value: str, written: str
) -> None:
    assert quoted(value) == written


@pytest.mark.parametrize("form", [JsonLine(), LogfmtLine()])
def test_the_longest_traceback_leaves_the_line_whole(
    form: logging.Formatter, caplog: pytest.LogCaptureFixture
) -> None:
    error: BaseException = failure("first")
    for _ in range(80):
        try:
            raise RuntimeError("\U0001f600" * 400) from error
        except RuntimeError as later:
            error = later
    found = logging.LogRecord("x", logging.ERROR, "", 1, "failed", (), (KeyError, error, None))
    with caplog.at_level(logging.DEBUG):
        line = form.format(found)
    assert 10_000 < len(line.encode()) <= LONGEST_LINE
    fields = json.loads(line) if line[0] == "{" else dict(read_logfmt(line))
    assert fields["traceback"].startswith("…\n")


@pytest.mark.parametrize(
    ("level", "number"),
    [(logging.DEBUG, 7), (logging.INFO, 6), (logging.WARNING, 4), (logging.CRITICAL, 3)],
)
def test_for_the_journal_every_line_has_its_level(level: int, number: int) -> None:
    class Two(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return f"{record.getMessage()}\n  more"

    found = logging.LogRecord("x", level, "", 1, "failed", (), None)
    assert JournalLine(Two()).format(found) == f"<{number}>failed\n<{number}>  more"


REPEATED = """
import logging, os, sys
from obs.cli.logs import set_up_logging
from obs.logs import end_log
from obs.redaction.known import KNOWN
KNOWN.add("hunter2hunter2")
if sys.argv[2] == "journal":
    found = os.fstat(2)
    os.environ["JOURNAL_STREAM"] = f"{found.st_dev}:{found.st_ino}"
set_up_logging(logging.INFO, sys.argv[1])
for _ in range(9):
    logging.getLogger("obs.x").warning("no\\nanswer %s", "hunter2hunter2")
end_log()
"""


@pytest.mark.parametrize("journal", [False, True])
@pytest.mark.parametrize("form", ["text", "logfmt", "json"])
def test_the_sum_of_repeated_lines_is_as_every_line_redacted_and_in_the_same_format(
    form: LogFormat, journal: bool, tmp_path: Path
) -> None:
    with (tmp_path / "log").open("w") as log:
        words = [sys.executable, "-c", REPEATED, form, "journal" if journal else ""]
        subprocess.run(words, stderr=log, timeout=60, check=True)
    lines = (tmp_path / "log").read_text().splitlines()
    assert len(lines) == 4
    if journal:
        assert all(line.startswith("<4>") for line in lines)
        lines = [line.removeprefix("<4>") for line in lines]

    def said(line: str) -> str:
        if form == "text":
            return line.partition("WARNING ")[2]
        return str(
            json.loads(line)["message"] if form == "json" else dict(read_logfmt(line))["msg"]
        )

    assert [said(line) for line in lines] == [
        *["no answer …"] * 3,
        "no answer … (6 times more within 60 s)",
    ]


def test_a_line_is_cut() -> None:
    assert len(record("x" * 100_000)) < 2_100


def test_an_exception_is_named_with_its_place_and_without_its_text() -> None:
    line = record("checks failed to run", error=failure("hunter2"))
    assert line.endswith("checks failed to run: KeyError at test_logs.py:29 in failure")
    assert "hunter2" not in line


def test_arguments_that_do_not_fit_are_no_reason_to_fail() -> None:
    assert record("%s of %s", 1).endswith("%s of %s")
    assert record(ValueError("a\nb")).endswith("WARNING a b")


def test_at_debug_level_the_traceback_follows_redacted(caplog: pytest.LogCaptureFixture) -> None:
    KNOWN.add("hunter2hunter2")
    with caplog.at_level(logging.DEBUG):
        first, *others = record("failed", error=failure("hunter2hunter2\x1b")).split("\n")
    assert first.endswith("failed: KeyError at test_logs.py:29 in failure")
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
