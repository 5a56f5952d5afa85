"""The changes between two status documents of a collector, as sentences."""

from collections.abc import Iterator

import msgspec


class _Consumer(msgspec.Struct, frozen=True):
    consumer: str
    status: str
    lag_messages: int | None
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
    service: str = ""
    object: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        """An SLO over many objects has an objective for each, all of one name."""
        return (self.service, self.name, self.object)

    @property
    def called(self) -> str:
        """Its name, with the object that it is for."""
        return f"{self.name} of {self.object}" if self.object else self.name


class StatusExcerpt(msgspec.Struct, frozen=True):
    """The part of /api/v1/status whose changes are reported."""

    consumers: tuple[_Consumer, ...] = ()
    rules: tuple[_Rule, ...] = ()
    sources: tuple[_Source, ...] = ()
    slos: tuple[_Slo, ...] = ()


_DECODER = msgspec.json.Decoder(StatusExcerpt)


def decode_status(document: bytes) -> StatusExcerpt:
    """The excerpt of a collector's status document."""
    return _DECODER.decode(document)


def changes(before: StatusExcerpt, after: StatusExcerpt) -> list[str]:
    """One sentence for each change; objects that appeared or disappeared are not changes."""
    return [
        *_consumers(before, after),
        *_rules(before, after),
        *_sources(before, after),
        *_slos(before, after),
    ]


def _consumers(before: StatusExcerpt, after: StatusExcerpt) -> Iterator[str]:
    old = {one.consumer: one for one in before.consumers}
    for now in after.consumers:
        was = old.get(now.consumer, now)
        if now.status != was.status:
            lag = "" if now.lag_messages is None else f", lag {now.lag_messages} messages"
            yield f"consumer {now.consumer} is {now.status}{lag}"
        if (new := (now.dead_letters or 0) - (was.dead_letters or 0)) > 0:
            yield f"consumer {now.consumer} has {new} new dead letter{'s' if new > 1 else ''}"


def _rules(before: StatusExcerpt, after: StatusExcerpt) -> Iterator[str]:
    old = {one.rule: one for one in before.rules}
    for now in after.rules:
        if now.failing != old.get(now.rule, now).failing:
            yield f"rule {now.rule}: invocations {'fail' if now.failing else 'no longer fail'}"


def _sources(before: StatusExcerpt, after: StatusExcerpt) -> Iterator[str]:
    old = {one.name: one for one in before.sources}
    for now in after.sources:
        if now.up != old.get(now.name, now).up:
            yield f"source {now.name} is {'up' if now.up else f'down: {now.error_reason}'}"


def _slos(before: StatusExcerpt, after: StatusExcerpt) -> Iterator[str]:
    old = {one.identity: one for one in before.slos}
    for now in after.slos:
        if old.get(now.identity, now).state not in {now.state, "no_data"}:
            yield f"SLO {now.called}: {now.state.replace('_', ' ')}"
