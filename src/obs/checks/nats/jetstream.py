"""JetStream: streams and consumers that the spec names, their limits, replicas and dead letters."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from obs.checks.advice import nats
from obs.checks.finding import CheckFinding, doubtful, not_there, right, wrong
from obs.checks.nats.backoff import edit_backoff
from obs.snapshot.assets import Consumer, Stream
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.names import find
from obs.sources.nats.problems import advice, in_words
from obs.spec.expected import ExpectedConsumer, ExpectedStream
from obs.spec.globs import plain_names
from obs.spec.named import missing_in
from obs.spec.nats import NatsConnection, NatsSource
from obs.spec.quantity import format_duration
from obs.spec.system import System
from obs.spec.watched import ConsumerName, StreamName

ADVISORIES: Final = "$JS.EVENT.ADVISORY.>"

Named = dict[str, set[str]]
"""Consumers by stream."""


def named(system: System, source: str) -> Named:
    """The streams and consumers that the spec names in full: as expected, or in SLOs."""
    spec = system.sources.nats[source]
    found: Named = {name: set() for name in plain_names(spec.streams.include)}
    for stream, expected in spec.expects.items():
        found.setdefault(stream, set()).update(expected.consumers)
    for slo in system.slos:
        for each in slo.sli.measured.names() if slo.sli.measured.source == source else ():
            if isinstance(each, ConsumerName):
                found.setdefault(each.stream, set()).add(each.consumer)
            elif isinstance(each, StreamName):
                found.setdefault(each.stream, set())
    return found


def judge_limits(system: System, source: str, snapshot: NatsSnapshot) -> Iterator[CheckFinding]:
    """Each named stream and consumer exists, with the limits that the spec expects."""
    expects = system.sources.nats[source].expects
    missing = missing_in(system, source, partial(find, snapshot=snapshot))
    words: dict[tuple[str, str], str] = {
        (each.named.kind, each.named.label): str(each) for each in missing
    }
    for name, consumers in sorted(named(system, source).items()):
        streams = [stream for stream in snapshot.streams if stream.name == name]
        expected = expects.get(name, ExpectedStream())
        if not streams:
            yield _no_stream(name, expected, words.pop(("stream", name), ""))
        for stream in streams:
            yield from _judge_stream(stream, expected)
            yield from _judge_consumers(stream, consumers, expected, snapshot.consumers, words)
    for each in missing:
        if (each.named.kind, each.named.label) in words:
            yield not_there(each)


def judge_servers(source: str, snapshot: NatsSnapshot) -> Iterator[CheckFinding]:
    """Each server of the cluster is polled, healthy, and tells all that it holds."""
    incomplete = {each.address: each for each in snapshot.incomplete if each.only is None}
    for server in snapshot.servers:
        lacking = incomplete.get(server.address)
        if lacking is None and server.healthy is not False:
            yield right(server.name or server.address, "healthy, and tells all that it holds")
            continue
        what = in_words(source, lacking) if lacking else server.unhealthy_because
        yield wrong(
            server.name or server.address,
            what,
            f"curl -sS '{server.address}/healthz?details=true'",
            nats("server", "report", "jetstream"),
        )
    for each in snapshot.incomplete:
        if not each.address:
            yield wrong(each.name, "the server is not polled", advice(source, each))


def judge_replicas(snapshot: NatsSnapshot) -> Iterator[CheckFinding]:
    """Each stream and consumer has a leader and up-to-date replicas."""
    for stream in snapshot.streams:
        if not stream.leader_unreachable:
            yield _judge_replicas(stream.name, stream.leader, stream.replicas_behind, "stream")
    for consumer in snapshot.consumers:
        if consumer.leader_unreachable:
            continue
        if not consumer.leader or consumer.replicas_behind:
            at = f"{consumer.stream}/{consumer.name}"
            yield _judge_replicas(at, consumer.leader, consumer.replicas_behind, "consumer")


def judge_dead_letters(
    spec: NatsSource, source: str, snapshot: NatsSnapshot, capturing: Mapping[str, bool]
) -> Iterator[CheckFinding]:
    """The dead letters of each consumer are recorded.

    `capturing`: whether the spec's advisory streams exist, by the account of their connection.
    """
    limited = [one for one in snapshot.consumers if one.config.max_deliver > 0]
    endless = [one for one in snapshot.consumers if _never_gives_up(one) and not meant(spec, one)]
    for consumer in endless:
        at = f"{consumer.stream}/{consumer.name}"
        yield doubtful(
            at,
            "no max_deliver: a message that cannot be processed is redelivered until it expires",
            nats("consumer", "edit", consumer.stream, consumer.name, "--max-deliver", "3", "-f"),
            f"or declare it in the spec: sources.nats.{source}.expects."
            f"{consumer.stream}.consumers.{consumer.name}.max_deliver: unlimited",
        )
    unheard = [one for one in limited if one.account not in spec.heard_accounts]
    if unheard:
        yield _unheard(spec, source, unheard)
    for each in spec.every_connection:
        if heard := [one for one in limited if one.account in each.hears]:
            yield _dead_letter_path(each, source, heard, capturing.get(each.account))


def meant(spec: NatsSource, consumer: Consumer) -> bool:
    """Whether the spec expects this consumer to deliver without limit."""
    stream = spec.expects.get(consumer.stream, ExpectedStream())
    expected = stream.consumers.get(consumer.name)
    return expected is not None and expected.max_deliver == "unlimited"


def _never_gives_up(consumer: Consumer) -> bool:
    return consumer.config.max_deliver <= 0 and consumer.config.ack_policy != "none"


def _unheard(spec: NatsSource, source: str, consumers: Iterable[Consumer]) -> CheckFinding:
    names = _names(consumers)
    if not spec.every_connection:
        return wrong(
            source,
            f"dead letters cannot be recorded without a NATS connection: {names}",
            f"add sources.nats.{source}.connection to the spec",
        )
    accounts = ", ".join(sorted({one.account for one in consumers}))
    return wrong(
        source,
        f"no connection hears account {accounts}, so dead letters are unknown: {names}",
        f"add a connection of the account to sources.nats.{source}.connections, or correct the "
        "`account` of one",
        "or export $JS.EVENT.ADVISORY.> from it, import it with a prefix into the account of a "
        "connection, and name both in that connection's `imports`",
    )


def _names(consumers: Iterable[Consumer]) -> str:
    return ", ".join(sorted(f"{one.stream}/{one.name}" for one in consumers))


def _dead_letter_path(
    connection: NatsConnection, source: str, heard: Iterable[Consumer], capturing: bool | None
) -> CheckFinding:
    names, stream = _names(heard), connection.advisory_stream
    if stream is not None and capturing is False:
        return wrong(
            source,
            f"advisory stream {stream} does not exist: dead letters are not stored for {names}",
            _capture(connection, stream),
        )
    if stream is None:
        return doubtful(
            source,
            f"dead letters are recorded only while the collector runs: {names}",
            _capture(connection, "ADVISORIES"),
            f"and add advisory_stream: ADVISORIES to the connection of account "
            f"{connection.account} in sources.nats.{source}",
        )
    return right(source, f"stream {stream} stores the dead letters of {names}")


def _capture(connection: NatsConnection, stream: str) -> str:
    """The command that adds a stream of all the advisories that a connection hears."""
    imported = [f"{prefix}.{ADVISORIES}" for prefix in connection.imports.values()]
    return nats(
        *("stream", "add", stream, "--subjects", ",".join([ADVISORIES, *imported])),
        *("--max-age", "7d", "--storage", "file", "--retention", "limits", "--discard", "old"),
        *(["--no-ack"] if imported else []),  # servers require it of subjects that may be the API's
        "--defaults",
    )


def _no_stream(name: str, expected: ExpectedStream, missing: str) -> CheckFinding:
    """`missing` says that it does not exist; empty where that is not certain."""
    if not missing:
        return _not_seen(name)
    age = format_duration(expected.max_age) if expected.max_age else "1h"
    return wrong(
        name,
        missing,
        nats("stream", "add", name, "--max-age", age, "--replicas", str(expected.replicas or 1))
        + " --subjects SUBJECTS",
        "or correct `streams` in the spec",
    )


def _not_seen(at: str) -> CheckFinding:
    return doubtful(
        at,
        "not seen: not every server answers, so it may exist",
        "start the servers that are down, and run the check again",
    )


def _judge_stream(stream: Stream, expected: ExpectedStream) -> Iterator[CheckFinding]:
    config = stream.config
    flags = {
        "max-age": (_age(config.max_age), _age(expected.max_age)),
        "max-bytes": (_count(config.max_bytes), _count(expected.max_bytes)),
        "max-msgs": (_count(config.max_messages), _count(expected.max_messages)),
        "replicas": (str(config.replicas), _count(expected.replicas)),
    }
    yield from _compared(stream.name, flags, ("stream", "edit", stream.name))


def _judge_consumers(
    stream: Stream,
    names: Iterable[str],
    expected: ExpectedStream,
    there: Iterable[Consumer],
    missing: dict[tuple[str, str], str],
) -> Iterator[CheckFinding]:
    """`missing` says which do not exist, by kind and name; what is told here leaves it."""
    live = {
        one.name: one for one in there if (one.account, one.stream) == (stream.account, stream.name)
    }
    for name in sorted(names):
        wanted = expected.consumers.get(name, ExpectedConsumer())
        at = f"{stream.name}/{name}"
        if name not in live:
            words = missing.pop(("consumer", at), "")
            if not words:
                yield _not_seen(at)
                continue
            yield wrong(
                at,
                words,
                nats("consumer", "add", stream.name, name, *_settings(wanted), "--defaults"),
            )
            continue
        config = live[name].config
        endless = wanted.max_deliver == "unlimited"
        expected_deliver = "-1" if endless else _count(wanted.max_deliver)
        flags = {
            "max-deliver": (_count(config.max_deliver) or "-1", expected_deliver),
            "max-pending": (_count(config.max_ack_pending), _count(wanted.max_ack_pending)),
        }
        if wanted.ack_wait is not None and not config.backoff:
            flags["wait"] = (_age(config.ack_wait), _age(wanted.ack_wait))
        yield from _compared(at, flags, ("consumer", "edit", stream.name, name))
        steps = wanted.backoff or ((wanted.ack_wait,) if wanted.ack_wait else ())
        if (config.backoff or wanted.backoff) and steps and config.backoff != steps:
            yield _other_waits(stream.name, name, config.backoff, wanted)


def _other_waits(
    stream: str, consumer: str, backoff: tuple[float, ...], wanted: ExpectedConsumer
) -> CheckFinding:
    expected = wanted.backoff or ()
    expectation = f"expected {_steps(expected)}" if expected else "expected ack_wait instead"
    return wrong(
        f"{stream}/{consumer}",
        f"backoff is {_steps(backoff)}, {expectation}",
        *edit_backoff(stream, consumer, expected),
    )


def _settings(wanted: ExpectedConsumer) -> Iterator[str]:
    yield "--pull"
    if wanted.max_deliver is not None:
        yield from ("--max-deliver", _count(wanted.max_deliver) or "-1")
    if wanted.max_ack_pending is not None:
        yield from ("--max-pending", str(wanted.max_ack_pending))
    if wanted.ack_wait is not None:
        yield from ("--wait", format_duration(wanted.ack_wait))


def _compared(
    at: str, flags: Mapping[str, tuple[str, str]], command: tuple[str, ...]
) -> Iterator[CheckFinding]:
    """Each flag as (live value, expected value; empty where none is expected)."""
    differing = {flag: pair for flag, pair in flags.items() if pair[1] and pair[0] != pair[1]}
    if not differing:
        shown = [f"{flag} {pair[0] or 'unlimited'}" for flag, pair in flags.items() if pair[1]]
        yield right(at, ", ".join(shown) or "exists")
        return
    differences = [
        f"{flag} is {live or 'unlimited'}, expected {expected}"
        for flag, (live, expected) in differing.items()
    ]
    words = [word for flag, pair in differing.items() for word in (f"--{flag}", pair[1])]
    yield wrong(at, "; ".join(differences), nats(*command, *words, "-f"))


def _judge_replicas(at: str, leader: bool, behind: int, kind: str) -> CheckFinding:
    if not leader:
        return wrong(
            at,
            f"the {kind} has no leader and is unavailable",
            "start the servers of its cluster: a majority of its replicas must be up",
            nats("server", "report", "jetstream"),
        )
    if behind:
        return wrong(
            at,
            f"{behind} of its replicas {'is' if behind == 1 else 'are'} behind or offline",
            "start the servers that are down, and wait until they have caught up",
            nats("server", "report", "jetstream"),
        )
    return right(at, "has a leader, and no replica is behind")


def _age(seconds: float | None) -> str:
    return format_duration(seconds) if seconds else ""


def _count(number: int | str | None) -> str:
    return str(number) if isinstance(number, int) and number > 0 else ""


def _steps(seconds: Iterable[float]) -> str:
    return ",".join(map(format_duration, seconds)) or "none"
