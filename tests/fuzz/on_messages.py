"""Payloads and headers of messages, in which anything may stand."""

import io
import json
from types import SimpleNamespace
from typing import Any, Final

from obs.errors import ObsError
from obs.privacy.keys import Key
from obs.privacy.masking import masked
from obs.privacy.policy import Privacy, Strategy
from obs.privacy.reading import payloads
from obs.tracing.context import Carried, read
from obs.tracing.described import known
from obs.tracing.json_text import with_members

_KEY: Final = Key.new()
_POLICIES: Final = tuple(Privacy(strategy, _KEY) for strategy in Strategy)


def privacy(data: bytes) -> object:
    """A payload under each strategy: what was encrypted comes back, and finds nothing any more."""
    masked(data)
    failure: ObsError | None = None
    for policy in _POLICIES:
        try:
            sent = policy.protect(data)
        except ObsError as error:
            failure = error
            continue
        assert type(sent) is type(data)
        if policy.strategy in (Strategy.ANONYMISE, Strategy.ENCRYPT):
            assert policy.scan(sent) == (), "personal data was sent"
        if policy.strategy is Strategy.ENCRYPT and sent != data:
            policy.decrypt(sent)
    if failure:
        raise failure
    return None


def privacy_stream(data: bytes) -> object:
    """What `obs privacy scan` reads from a file or a pipe: every byte of it, within its bounds."""
    most = 256
    found = list(payloads(io.BytesIO(data), most))
    assert all(len(each.payload) <= most + 1 for each in found)
    return found


def trace_headers(data: bytes) -> object:
    """Each header of a trace, whatever stands in it."""
    text = data.decode("utf-8", "surrogateescape")
    parts = (text.split("\n", 3) + [""] * 4)[:4]
    origin = read(Carried((("traceparent", parts[0]),), parts[1], parts[2], parts[3]))
    assert origin.span is None or origin.span.is_valid
    assert all(text not in each.reason for each in origin.problems if len(text) > 8)
    return origin


def traced(data: bytes) -> object:
    """Messages of each kind, with these bytes as their JSON, their headers and their text."""
    text = data.decode("utf-8", "replace")
    with_members(text, {"traceparent": "00-0"})
    messages: list[Any] = [SimpleNamespace(headers={"traceparent": text}, subject=text, data=data)]
    try:
        messages.append(json.loads(text))
    except (ValueError, RecursionError):
        messages.append({"Body": text, "MessageId": "m", "ReceiptHandle": "r"})
    return [read(known(each).carried) for each in messages]
