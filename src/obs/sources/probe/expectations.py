"""Whether an HTTP answer is as expected."""

from typing import Any, Final

from obs.clients.checked_connection import ProbeFailed
from obs.clients.deadline import remaining
from obs.clients.probe_http import ProbeAnswer
from obs.redaction.text import one_line
from obs.sources.probe.body_regex import is_found
from obs.spec.probe_targets import Expect, value_at

_SHOWN: Final = 60  # characters of a value


def check_answer(answer: ProbeAnswer, expect: Expect) -> None:
    """Raises ProbeFailed(status) or ProbeFailed(body) where the answer is not as expected."""
    if not expect.takes(answer.status):
        raise ProbeFailed("status", f"HTTP status {answer.status}, not {_any_of(expect.status)}")
    if not expect.reads_body:
        return
    text = answer.body.decode("utf-8", "replace")
    if expect.body_contains and expect.body_contains not in text:
        raise ProbeFailed("body", "the body does not contain the text of body_contains")
    if expect.values:
        _check_values(answer.document(), expect)
    if expect.body_matches and not is_found(expect.body_matches, text, _time_left()):
        raise ProbeFailed("body", "the body does not match body_matches")


def _check_values(document: Any, expect: Expect) -> None:
    for path, expected in expect.values.items():
        found = value_at(document, path)
        # True equals 1, but the spec says which of them it means.
        if isinstance(found, bool) != isinstance(expected, bool) or found != expected:
            shown = "not there" if found is None else one_line(f"{found!r}", _SHOWN)
            raise ProbeFailed("body", f"{path} of the body is {shown}, not {expected!r}")


def _any_of(statuses: tuple[str, ...]) -> str:
    return " or ".join(statuses)


def _time_left() -> float:
    try:
        return remaining()
    except TimeoutError:
        raise ProbeFailed("timeout", "timed out") from None
