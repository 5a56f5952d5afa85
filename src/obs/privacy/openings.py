"""A payload with each of its texts changed, whatever it is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from obs.bounded_json import MOST_LEVELS, UnreadableJson
from obs.errors import BadInput
from obs.privacy.payload import as_json, event_with_data, written
from obs.privacy.rules import Path, Rules


@dataclass(frozen=True)
class Openings:
    """`text` changes a part of a text and names of fields, `whole` a text of JSON, `payload` the
    data of a CloudEvent. What `rules` leave alone stays."""

    text: Callable[[str], str]
    whole: Callable[[str], Any]
    payload: Callable[[bytes], bytes]
    rules: Rules

    def of(self, payload: Any) -> Any:
        """The payload changed; the very payload where nothing was."""
        if isinstance(payload, bytes):
            try:
                text = payload.decode()
            except UnicodeDecodeError:
                return payload
            changed = self._of_text(text)
            return payload if changed == text else changed.encode()
        if isinstance(payload, str):
            return self._of_text(payload)
        return event_with_data(payload, self._value, self.payload)

    def _of_text(self, text: str) -> str:
        try:
            read = as_json(text)
        except UnreadableJson:
            whole: str = self.whole(text)
            return whole
        changed = event_with_data(read, self._value, self.payload)
        return text if changed == read else written(changed)

    def _value(self, value: Any, path: Path = ()) -> Any:
        if isinstance(value, str):
            return value if self.rules.allows(path) else self.whole(value)
        if not isinstance(value, dict | list | tuple):
            return value
        if len(path) > MOST_LEVELS:
            raise BadInput(f"the payload is nested deeper than {MOST_LEVELS} levels")
        if not isinstance(value, dict):
            return [self._value(each, (*path, at)) for at, each in enumerate(value)]
        if not all(isinstance(name, str) for name in value):
            raise BadInput("the payload has a field that is not named by a text")
        named = {self.text(name): each for name, each in value.items()}
        return {name: self._value(each, (*path, name)) for name, each in named.items()}
