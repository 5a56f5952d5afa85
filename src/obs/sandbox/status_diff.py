"""What a collector's status says that it did not say before, in words."""

from collections.abc import Iterator

import msgspec


class _Consumer(msgspec.Struct, frozen=True):
    consumer: str
    status: str
    lag_messages: int
    dead_letters: int | None = None


class _Rule(msgspec.Struct, frozen=True):
    rule: str
    failing: bool


class _Source(msgspec.Struct, frozen=True):
    name: str
    up: bool
    error_reason: str | None = None


class _Slo(msgspec.Struct, frozen=True):
    name: str
    state: str


class Seen(msgspec.Struct, frozen=True):
    """The part of /api/v1/status that is told about."""

    consumers: tuple[_Consumer, ...] = ()
    rules: tuple[_Rule, ...] = ()
    sources: tuple[_Source, ...] = ()
    slos: tuple[_Slo, ...] = ()


_DECODER = msgspec.json.Decoder(Seen)


def decode_seen(document: bytes) -> Seen:
    """The status document of a collector."""
    return _DECODER.decode(document)


def changes(before: Seen, after: Seen) -> list[str]:
    """What is different now, one sentence each; what appeared or went is none."""
    return [
        *_consumers(before, after),
        *_rules(before, after),
        *_sources(before, after),
        *_slos(before, after),
    ]


def _consumers(before: Seen, after: Seen) -> Iterator[str]:
    old = {one.consumer: one for one in before.consumers}
    for now in after.consumers:
        was = old.get(now.consumer, now)
        if now.status != was.status:
            yield f"{now.consumer} is {now.status}, {now.lag_messages} messages behind"
        if (letters := (now.dead_letters or 0) - (was.dead_letters or 0)) > 0:
            yield f"{now.consumer} gave up {letters} message{'s' if letters > 1 else ''}"


def _rules(before: Seen, after: Seen) -> Iterator[str]:
    old = {one.rule: one for one in before.rules}
    for now in after.rules:
        if now.failing != old.get(now.rule, now).failing:
            yield f"{now.rule} {'fails' if now.failing else 'no longer fails'}"


def _sources(before: Seen, after: Seen) -> Iterator[str]:
    old = {one.name: one for one in before.sources}
    for now in after.sources:
        if now.up != old.get(now.name, now).up:
            yield f"source {now.name} is {'up' if now.up else f'down: {now.error_reason}'}"


def _slos(before: Seen, after: Seen) -> Iterator[str]:
    old = {one.name: one for one in before.slos}
    for now in after.slos:
        if old.get(now.name, now).state not in {now.state, "no_data"}:
            yield f"objective {now.name}: {now.state.replace('_', ' ')}"
