"""What becomes of a payload with personal data in it: logged, blocked, replaced or encrypted."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, TypeVar

from obs.bounded_json import UnreadableJson
from obs.errors import BadInput
from obs.privacy.detectors import BY_NAME
from obs.privacy.finding import Finding, PersonalDataFound, shown_path, summary
from obs.privacy.keys import Key
from obs.privacy.payload import DATA, as_json, check_size, event_with_data, written
from obs.privacy.rewrite import Rewriter
from obs.privacy.rules import DEFAULT, Path, Rules
from obs.privacy.sealing import Sealer
from obs.privacy.tokens import mask, pseudonym

_LOG: Final = logging.getLogger("obs.privacy")

Payload = TypeVar("Payload")


class Strategy(StrEnum):
    """`log` lets the payload pass and logs what is in it; `block` raises PersonalDataFound;
    `anonymise` puts pseudonyms in its place; `encrypt` what the holder of the key can read."""

    LOG = "log"
    BLOCK = "block"
    ANONYMISE = "anonymise"
    ENCRYPT = "encrypt"


BY_ENVIRONMENT: Final[Mapping[str, Strategy]] = {
    "development": Strategy.LOG,
    "staging": Strategy.ANONYMISE,
    "production": Strategy.BLOCK,
}
"""What holds unless you say otherwise; any other environment is treated as production."""


@dataclass(frozen=True)
class Privacy:
    """Judges and changes payloads before they are published.

    `payload` may be text, bytes, or a value of JSON; what comes back is of the same type, and is
    the very payload where nothing was found. `key` is needed by anonymise and encrypt.
    Raises BadInput where it is missing, MissingExtra where encrypt lacks its library.
    """

    strategy: Strategy
    key: Key | None = None
    rules: Rules = DEFAULT

    def __post_init__(self) -> None:
        object.__setattr__(self, "strategy", _strategy(self.strategy))
        if self.strategy in (Strategy.ANONYMISE, Strategy.ENCRYPT) and self.key is None:
            raise BadInput(
                f"privacy: the strategy {self.strategy} needs a key; "
                "use key_from_file, key_from_environment or key_from_kms"
            )
        if self.strategy is Strategy.ENCRYPT:
            self._sealer  # noqa: B018  raises now, not with the first payload

    @classmethod
    def for_environment(
        cls,
        environment: str,
        *,
        key: Key | Callable[[], Key] | None = None,
        rules: Rules = DEFAULT,
        strategies: Mapping[str, Strategy | str] | None = None,
    ) -> "Privacy":
        """The strategy of an environment, by `strategies` or by BY_ENVIRONMENT.

        A name that neither has is treated as production. A `key` that is a function is called only
        where the strategy needs it.
        """
        chosen = {**BY_ENVIRONMENT, **(strategies or {})}
        strategy = _strategy(chosen.get(environment, chosen["production"]))
        needed = strategy in (Strategy.ANONYMISE, Strategy.ENCRYPT)
        own = key if isinstance(key, Key | None) else (key() if needed else None)
        return cls(strategy, own, rules)

    def scan(self, payload: Any) -> tuple[Finding, ...]:
        """What is found where. Raises BadInput for a payload that is too large or too deep."""
        found: list[Finding] = []

        def note(path: Path, kind: str, value: Any) -> str:
            found.append(Finding(shown_path(path), kind))
            return mask(kind)

        _Payloads(Rewriter(self.rules, note), lambda data, path: data).changed(payload, ())
        return tuple(found)

    def protect(self, payload: Payload, about: str = "a payload") -> Payload:
        """What may be published. `about` names it in the log, and is never the payload itself.

        Raises PersonalDataFound and BadInput; neither quotes the payload.
        """
        if self.strategy in (Strategy.LOG, Strategy.BLOCK):
            findings = self._judged(payload)
            if not findings:
                return payload
            if self.strategy is Strategy.BLOCK:
                raise PersonalDataFound(findings)
            _LOG.warning("%s holds %s", self.clean(about), summary(findings))
            return payload
        changed: Payload = _Payloads(self._rewriter, self._binary).changed(payload, ())
        return changed

    def clean(self, text: str) -> str:
        """A text for a log or a person: pseudonyms or encrypted pieces by the strategy, else masks.

        Never raises PersonalDataFound.
        """
        return self._rewriter.text(text)

    def clean_value(self, value: Any) -> Any:
        """The same of a value of JSON. Raises BadInput for any other."""
        return self._rewriter.value(value)

    def decrypt(self, payload: Payload) -> Payload:
        """The payload with all that was encrypted in it. Raises BadInput for a wrong key."""
        opened: Payload = self._sealer.opened(payload)
        return opened

    def rotate(self, payload: Payload) -> Payload:
        """The payload with what is encrypted in it encrypted anew, with the current key."""
        renewed: Payload = self._sealer.renewed(payload)
        return renewed

    def _judged(self, payload: Any) -> tuple[Finding, ...]:
        try:
            return self.scan(payload)
        except BadInput as error:
            if self.strategy is Strategy.BLOCK:
                raise
            _LOG.warning("a payload was not looked at: %s", error)
            return ()

    def _anonymised(self, path: Path, kind: str, value: Any) -> str:
        assert self.key is not None
        normal = BY_NAME[kind].normal if kind in BY_NAME else str
        return pseudonym(kind, self.key.digest(kind, normal(str(value))))

    def _binary(self, data: bytes, path: Path) -> bytes:
        """What becomes of data that is no text, and in which something was found."""
        if self.strategy is Strategy.ENCRYPT:
            return self._sealer.binary(data)
        found = [
            Finding(shown_path(path), piece.kind)
            for piece in self.rules.found_in(data.decode("latin-1"))
        ]
        raise PersonalDataFound(found, "; it is not UTF-8, so it cannot be anonymised")

    @cached_property
    def _rewriter(self) -> Rewriter:
        if self.strategy is Strategy.ANONYMISE:
            return Rewriter(self.rules, self._anonymised)
        if self.strategy is Strategy.ENCRYPT:
            return self._sealer.rewriter()
        return Rewriter(self.rules, lambda path, kind, value: mask(kind))

    @cached_property
    def _sealer(self) -> Sealer:
        if self.key is None:
            raise BadInput("privacy: decrypting needs the key")
        return Sealer(self.key, self.rules)


class _Payloads:
    """Payloads of each type, through one rewriter."""

    def __init__(self, rewriter: Rewriter, binary: Callable[[bytes, Path], bytes]) -> None:
        self._rewriter = rewriter
        self._binary = binary

    def changed(self, payload: Any, path: Path) -> Any:
        check_size(payload)
        if isinstance(payload, bytes | bytearray | memoryview):
            return self._bytes(payload, path)
        if isinstance(payload, str):
            return self._text(payload, path)
        changed = self._event(payload, path)
        return payload if changed == payload else changed

    def _bytes(self, payload: bytes | bytearray | memoryview, path: Path) -> Any:
        data = bytes(payload)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            shown = data.decode("latin-1")
            return (
                payload if self._rewriter.text(shown, path) == shown else self._binary(data, path)
            )
        changed = self._text(text, path)
        return payload if changed == text else changed.encode()

    def _text(self, text: str, path: Path) -> str:
        try:
            value = as_json(text)
        except UnreadableJson:
            return self._rewriter.text(text, path)
        changed = self._event(value, path)
        return text if changed == value else written(changed)

    def _event(self, value: Any, path: Path) -> Any:
        return event_with_data(
            value,
            lambda others: self._rewriter.value(others, path),
            lambda data: self._bytes(data, (*path, DATA)),
        )


def _strategy(name: str) -> Strategy:
    try:
        return Strategy(name)
    except ValueError:
        known = ", ".join(Strategy)
        raise BadInput(f"privacy: no such strategy; choose from {known}") from None
