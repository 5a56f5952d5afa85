"""When botocore tries a request again: not what obs gave up itself, and as late as AWS asks."""

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

from obs.clients.aws_limits import Refused, current

ATTEMPTS: Final = 3  # of one request, the first included

_NEVER: Final = 86_400_000.0
_BUSY: Final = frozenset({429, 500, 502, 503, 504})


def pause_before_retry(
    response: Any, attempts: int, caught_exception: Any, **_: object
) -> float | bool | None:
    """Seconds until the next attempt; False for none, None where botocore decides.

    Asked before botocore's own rule. Pauses that AWS asks for are kept if the call still has the
    time, with a second for the answer; otherwise the call fails now with what AWS said.
    """
    if isinstance(caught_exception, Refused):
        return False
    if isinstance(getattr(caught_exception, "kwargs", {}).get("error"), Refused):
        return False
    limits = current()
    left = math.inf if limits is None else limits.ends - time.monotonic()
    if left <= 0:
        return False
    if response is None or attempts >= ATTEMPTS:
        return None
    http, parsed = response
    asked = asked_pause(http.headers)
    if asked is None or not _throttled(http.status_code, parsed):
        return None
    return asked if asked + 1.0 <= left else False


def _throttled(status: int, parsed: Any) -> bool:
    error = parsed.get("Error") if isinstance(parsed, dict) else None
    code = str(error.get("Code", "")) if isinstance(error, dict) else ""
    return status in _BUSY or (status >= 400 and ("hrottl" in code or "TooMany" in code))


def asked_pause(headers: Mapping[str, Any]) -> float | None:
    """Seconds that an answer asks to wait: x-amz-retry-after in ms, Retry-After in s or a date.

    None where it does not, or the number is none.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    milliseconds = _number(lower.get("x-amz-retry-after"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = lower.get("retry-after")
    seconds = _number(text)
    if seconds is not None or text is None:
        return seconds
    try:
        return max(parsedate_to_datetime(str(text)).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


def _number(text: Any) -> float | None:
    try:
        number = float(text)
    except (ValueError, TypeError):
        return None
    return number if 0 <= number < _NEVER else None
