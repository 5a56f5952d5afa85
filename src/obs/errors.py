"""The error tree and the exit codes. Only `cli` turns these into output and an exit status."""

import traceback
from typing import Final, Literal, get_args

from obs.redaction.text import clean_lines, one_line

DONE: Final = 0
FOUND: Final = 1  # drift, a failed check, an alert that did not fire
BAD_INPUT: Final = 2
UNAVAILABLE: Final = 3  # a system this command needs did not answer
INTERRUPTED: Final = 130  # 128 + SIGINT, as a shell reports it
BROKEN_PIPE: Final = 141  # 128 + SIGPIPE

Reason = Literal[
    "auth",
    "budget",
    "connection",
    "decode",
    "http_status",
    "internal",
    "partial",
    "throttled",
    "timeout",
    "too_large",
    "unavailable",
]
REASONS: Final[tuple[str, ...]] = get_args(Reason)

StateReason = Literal["damaged", "disk_full", "unwritable", "other"]
STATE_REASONS: Final[tuple[str, ...]] = get_args(StateReason)


class ObsError(Exception):
    """Whatever obs says to its user instead of a traceback.

    The message is redacted, and has no character that a terminal would obey.
    """

    exit_code: int = FOUND

    def __init__(self, message: str = "") -> None:
        super().__init__(clean_lines(message))


class BadInput(ObsError):  # noqa: N818  reads as a sentence where it is raised
    """A spec, a file or an argument that has to be changed; one problem a line."""

    exit_code = BAD_INPUT


class SourceError(ObsError):
    """A system did not answer as it should.

    `reason` is one of REASONS: it becomes the label of obs_source_errors_total, so it is bounded.
    The message is one line without a secret, however much of another system's text is in it.
    `pause` is how many seconds the system asks to be left alone; None where it does not.
    """

    exit_code = UNAVAILABLE

    def __init__(self, reason: Reason, message: str, *, pause: float | None = None) -> None:
        super().__init__(one_line(message))
        self.reason: Reason = reason
        self.pause = pause


def forget_frames(error: BaseException) -> None:
    """Let go of everything that an error holds through its traceback.

    Each frame that an error passed refers to the data it worked on, and often to the error: a
    cycle, in which a failed push would keep its requests until a search for garbage finds them.
    The same for the errors that led to this one, which libraries keep in such cycles themselves,
    botocore in `kwargs`.
    """
    todo: list[object] = [error]
    seen: set[int] = set()
    while todo:
        each = todo.pop()
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        todo += [each.__cause__, each.__context__, getattr(each, "kwargs", {}).get("error")]
        if isinstance(each, BaseExceptionGroup):
            todo += each.exceptions
        traceback.clear_frames(each.__traceback__)
        each.__traceback__ = each.__cause__ = each.__context__ = None
