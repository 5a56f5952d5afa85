"""Silences as Alertmanager tells them."""

from typing import Any

import pytest

from obs.clients.alertmanager import Alertmanager, Silenced
from obs.errors import SourceError

SILENCE = {
    "id": "1",
    "status": {"state": "expired"},
    "startsAt": "2026-11-29T07:00:00.500Z",
    "endsAt": "2026-11-29T08:00:00Z",
    "matchers": [
        {"name": "a", "value": "x", "isRegex": False, "isEqual": True},
        {"name": "b", "value": "x|y", "isRegex": True, "isEqual": True},
        {"name": "c", "value": "x", "isRegex": False, "isEqual": False},
        {"name": "d", "value": "x.*", "isRegex": True, "isEqual": False},
        {"name": "e", "value": "", "isRegex": False},
    ],
}


def told(answer: Any, monkeypatch: pytest.MonkeyPatch) -> list[Silenced]:
    monkeypatch.setattr(Alertmanager, "_get", lambda self, path: answer)
    return Alertmanager("http://127.0.0.1:1").silences()


def test_a_silence_has_its_matchers_and_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = told([SILENCE], monkeypatch)
    assert found.matchers == (
        ("a", "=", "x"),
        ("b", "=~", "x|y"),
        ("c", "!=", "x"),
        ("d", "!~", "x.*"),
        ("e", "=", ""),
    )
    assert found.end - found.begin == 3599.5


@pytest.mark.parametrize(
    "odd", [[{}], [None], [{**SILENCE, "endsAt": "never"}], [{**SILENCE, "matchers": 1}], 1]
)
def test_an_odd_answer_is_an_error_of_one_line(odd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="invalid response"):
        told(odd, monkeypatch)
