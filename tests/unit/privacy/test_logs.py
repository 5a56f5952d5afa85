"""No log record keeps personal data, wherever in it that is."""

import json
import logging
from collections.abc import Callable, Iterator
from functools import partial
from io import StringIO
from typing import Any

import pytest

from obs.privacy import Key, Privacy, PrivacyFilter, Strategy
from tests.unit.privacy.planted import PLANTED, event, in_words, leaked

KEY = Key.new()


class Everything(logging.Formatter):
    """A formatter that writes every attribute of a record, as JSON loggers do."""

    def format(self, record: logging.LogRecord) -> str:
        plain = super().format(record)
        return plain + json.dumps(vars(record), default=repr)


class Personal:
    def __repr__(self) -> str:
        return f"Customer({PLANTED['email']})"


class Broken:
    def __str__(self) -> str:
        raise ValueError(in_words("card"))


@pytest.fixture(params=list(Strategy))
def log(request: pytest.FixtureRequest) -> Iterator[tuple[logging.Logger, StringIO]]:
    out = StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Everything())
    handler.addFilter(PrivacyFilter(Privacy(request.param, KEY)))
    logger = logging.getLogger("tests.privacy.service")
    logger.propagate = False
    logger.addHandler(handler)
    yield logger, out
    logger.removeHandler(handler)


def fail() -> None:
    try:
        raise KeyError(in_words("ssn"))
    except KeyError as error:
        raise ValueError(f"order of {PLANTED['email']}") from error


def with_exception(log: logging.Logger) -> None:
    try:
        fail()
    except ValueError:
        log.exception("failed")


def say(text: str, log: logging.Logger) -> None:
    log.error(text)


SAYINGS: dict[str, Callable[[logging.Logger], None]] = {
    **{kind: partial(say, in_words(kind)) for kind in PLANTED},
    "argument": lambda log: log.error("order of %s from %s", PLANTED["email"], PLANTED["ip"]),
    "number": lambda log: log.error("card %d", 4111111111111111),
    "mapping": lambda log: log.error("%(id)s", {"id": 7, "mail": PLANTED["email"]}),
    "object": lambda log: log.error("%r and %s", Personal(), [Personal()]),
    "event": lambda log: log.error(event()),
    "exception": with_exception,
    "stack": lambda log: log.error("x", stack_info=True),
    "extra": lambda log: log.error("x", extra={"event": event(), "who": Personal()}),
    "named extra": lambda log: log.error("x", extra={"password": "opensesame"}),
    "set": lambda log: log.error("x", extra={"mails": {PLANTED["email"]}}),
    "misfit": lambda log: log.error("%d", PLANTED["email"]),
    "broken": lambda log: log.error("%s", Broken()),
    "assigned": lambda log: log.error("password=opensesame"),
    "long": lambda log: log.error("x" * 32_760 + PLANTED["email"] * 9),
}


@pytest.mark.parametrize("saying", SAYINGS)
def test_nothing_is_left_in_a_record(saying: str, log: tuple[logging.Logger, StringIO]) -> None:
    logger, out = log
    SAYINGS[saying](logger)
    assert out.getvalue()
    # The source line of a traceback names what the program calls, not what the values are.
    assert leaked(out.getvalue()) == []


def test_a_harmless_record_stays_as_it_is() -> None:
    privacy = PrivacyFilter()
    args: tuple[Any, ...] = ("oms-processor", 1000)
    record = logging.LogRecord("x", logging.INFO, "f", 1, "lag of %s: %d", args, None)
    vars(record)["consumer"] = "oms-processor"
    assert privacy.filter(record)
    assert (record.msg, record.args) == ("lag of %s: %d", args)
    assert vars(record)["consumer"] == "oms-processor"


def test_pseudonyms_follow_a_person_through_the_log() -> None:
    privacy = PrivacyFilter(Privacy(Strategy.ANONYMISE, KEY))
    lines = []
    for text in ("order by jane@example.com", "refund to JANE@example.com"):
        record = logging.LogRecord("x", logging.INFO, "f", 1, text, None, None)
        privacy.filter(record)
        lines.append(record.getMessage().split()[-1])
    assert lines[0] == lines[1]
    assert lines[0].startswith("[email:")
