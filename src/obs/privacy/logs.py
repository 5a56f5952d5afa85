"""Log records without personal data."""

import logging
import traceback
from collections.abc import Mapping
from typing import Any, Final

from obs.privacy.policy import Privacy, Strategy

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_DONE: Final = "_obs_private"
_LONGEST: Final = 32_768
"""Characters of a message or a traceback that are looked at; the rest is cut."""
_SPARE: Final = 512
_UNFIT: Final = "(its arguments do not fit)"


class PrivacyFilter(logging.Filter):
    """Replaces what is personal in the message, its arguments, the exception, the stack and the
    extra fields of each record, by pseudonyms or encrypted pieces where the strategy makes them,
    else by masks; whatever the strategy, no record is dropped.

    Add it to handlers: a filter of a logger does not see the records of its children.
    """

    def __init__(self, privacy: Privacy | None = None) -> None:
        super().__init__()
        self._privacy = privacy or Privacy(Strategy.LOG)

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True. Changes the record, for every handler after this one. Never raises."""
        if getattr(record, _DONE, False):
            return True
        setattr(record, _DONE, True)
        self._message(record)
        if record.exc_info or record.exc_text:
            # Formatters would write the exception itself; this text they take as it is.
            record.exc_text = self._clean(record.exc_text or _trace(record.exc_info))
            record.exc_info = None
        if record.stack_info:
            record.stack_info = self._clean(record.stack_info)
        for name in vars(record).keys() - _STANDARD - {_DONE}:
            setattr(record, name, self._extra(name, getattr(record, name)))
        return True

    def _message(self, record: logging.LogRecord) -> None:
        """Message and arguments stay apart where there is nothing in them."""
        try:
            said = record.getMessage()
        except Exception:  # noqa: BLE001  logging would print the arguments
            said = f"{str(record.msg)[:_LONGEST]} {_UNFIT}"
            record.msg, record.args = said, None
        clean = self._clean(said)
        if clean != said or self._args_hold_more(record.args):
            record.msg, record.args = clean, None

    def _args_hold_more(self, args: Any) -> bool:
        values = args.values() if isinstance(args, Mapping) else args or ()
        return any(self._clean(text) != text for text in map(_text, values))

    def _extra(self, name: str, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        try:
            if isinstance(value, str | int | float | dict | list | tuple):
                return self._privacy.clean_value({name: value})[name]
        except Exception:  # noqa: BLE001  not JSON
            return self._clean(_text(value))
        text = _text(value)
        clean = self._clean(text)
        return value if clean == text else clean

    def _clean(self, text: str) -> str:
        if len(text) > _LONGEST:
            return f"{self._privacy.clean(text[:_LONGEST])[:-_SPARE]}…"
        return self._privacy.clean(text)


def _trace(exc_info: Any) -> str:
    return "".join(traceback.format_exception(*exc_info)).rstrip("\n") if exc_info else ""


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001  of any class
        return type(value).__name__
