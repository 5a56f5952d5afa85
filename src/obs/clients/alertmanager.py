"""The API of Alertmanager: sending an alert, what becomes of it, and silences."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from obs.bounded_json import UnreadableJson, load_json
from obs.clients.http import Http, without_user
from obs.errors import SourceError
from obs.redaction.text import one_line
from obs.spec.tls import Tls

_ALERTS: Final = "/api/v2/alerts"
_SILENCES: Final = "/api/v2/silences"
_MAX_LOOKS: Final = 25
_PAUSE: Final = 0.2  # seconds
_LARGEST: Final = 32_000_000  # bytes of a response

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AlertState:
    """An alert as Alertmanager has it. `held_back` says by what, a sentence part each: by other
    alerts, silences or quiet hours; empty where its receivers are notified.
    """

    receivers: tuple[str, ...]
    held_back: tuple[str, ...]
    ends: str


@dataclass(frozen=True, slots=True)
class Silenced:
    """A silence: its matchers (label, operator, value), and from when to when (Unix seconds)."""

    matchers: tuple[tuple[str, str, str], ...]
    begin: float
    end: float


class Alertmanager:
    """One Alertmanager. Every method raises SourceError where it does not answer as it should."""

    def __init__(
        self,
        url: str,
        *,
        pause: Callable[[float], None] = time.sleep,
        tls: Tls | None = None,
        headers: Labels | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        sent = headers or {}
        self._http = Http(tls, timeout=10, max_bytes=_LARGEST, sign=lambda _: sent)
        self._pause = pause

    @property
    def where(self) -> str:
        """Its address, for messages."""
        return without_user(self._url)

    def send(self, alert: Mapping[str, Any]) -> None:
        """Send one alert, in the format of the API."""
        self._http.post(f"{self._url}{_ALERTS}", [alert])

    def state(self, labels: Labels) -> AlertState | None:
        """The alert with exactly these labels; None where it has none such."""
        there = self._get(_ALERTS)
        try:
            found = next((each for each in there if each["labels"] == dict(labels)), None)
            if found is None:
                return None
            names = {each["fingerprint"]: each["labels"]["alertname"] for each in there}
            return AlertState(
                tuple(sorted(str(each["name"]) for each in found["receivers"])),
                tuple(self._held_back(found["status"], names)),
                str(found["endsAt"]),
            )
        except (KeyError, TypeError, AttributeError):
            raise SourceError("decode", f"{self.where}{_ALERTS}: invalid response") from None

    def state_once_listed(self, labels: Labels) -> AlertState:
        """As `state`, of an alert that was just sent: it is listed a moment later."""
        for look in range(_MAX_LOOKS):
            if look:
                self._pause(_PAUSE)
            if found := self.state(labels):
                return found
        raise SourceError("http_status", f"{self.where}: accepted the alert, but does not list it")

    def silences(self) -> list[Silenced]:
        """Every silence, also those that expired in the last days, which Alertmanager keeps."""
        try:
            return [
                Silenced(
                    tuple(map(_matcher, each["matchers"])),
                    datetime.fromisoformat(each["startsAt"]).timestamp(),
                    datetime.fromisoformat(each["endsAt"]).timestamp(),
                )
                for each in self._get(_SILENCES)
            ]
        except (LookupError, TypeError, AttributeError, ValueError, OverflowError):
            raise SourceError("decode", f"{self.where}{_SILENCES}: invalid response") from None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _held_back(self, status: Mapping[str, Any], names: Labels) -> list[str]:
        inhibiting = sorted({str(names.get(each, each)) for each in status["inhibitedBy"]})
        return [
            *(f"inhibited by {name}" for name in inhibiting),
            *(self._silence(each) for each in status["silencedBy"]),
            *(f"muted by {name}" for name in status.get("mutedBy") or ()),
        ]

    def _silence(self, key: str) -> str:
        silence = self._get(f"/api/v2/silence/{quote(key, safe='')}")
        why = one_line(str(silence.get("comment") or "no comment"), 300)
        return f"silenced until {silence['endsAt']} by {silence['createdBy']} ({why}): {key}"

    def _get(self, path: str) -> Any:
        body = self._http.get(f"{self._url}{path}")
        try:
            return load_json(body)
        except UnreadableJson:
            raise SourceError("decode", f"{self.where}{path}: response is not JSON") from None


def _matcher(found: Mapping[str, Any]) -> tuple[str, str, str]:
    equal, tilde = "=" if found.get("isEqual", True) else "!", "~" if found["isRegex"] else ""
    operator = equal + (tilde or ("" if equal == "=" else "="))
    return str(found["name"]), operator, str(found["value"])
