import gc
import math
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from obs.catalogue import aws, nats, own
from obs.catalogue.nats_events import PROCESSING
from obs.clients.remote_write import WriteAnswer
from obs.errors import SourceError
from obs.families.family import Family, Rows, Value, single
from obs.families.histogram import Observations
from obs.sinks.exposition import Exposition
from obs.sinks.remote_write import RemoteWriteSink
from obs.sinks.written import WrittenSeries
from obs.spec.remote_write import RemoteWrite
from tests.integration.write_receivers import V1, V2, Identity, Written, decoded

AT = 1_790_000_000.25
SINCE = 1_789_990_000.0
LABELS = (("environment", "staging"), ("system", "oms"), ("instance", "host-1"))
RULES = Rows([("main", "oms-events", "oms-schema-changed")])


class Receiver:
    """A writer that answers each request with the next of `answers`, and takes what comes after."""

    def __init__(self, *answers: int | Callable[[str], WriteAnswer], old: bool = False) -> None:
        self.answers = [*answers]
        self.old = old
        self.kinds: list[str] = []
        self.taken: list[dict[Identity, Written]] = []

    def send(self, message: bytes, kind: str, version: str, timeout: float) -> WriteAnswer:
        assert timeout > 0
        self.kinds.append(kind)
        if self.answers:
            answer = self.answers.pop(0)
            return answer(kind) if callable(answer) else refused(answer)
        if self.old and kind == V2:
            return WriteAnswer(204)  # it found nothing that it knows
        found = decoded(message, kind)
        self.taken.append(found)
        return WriteAnswer(204, len(found) if kind == V2 else None)

    def close(self) -> None:
        return

    @property
    def last(self) -> dict[Identity, Written]:
        return self.taken[-1]


def refused(status: int, pause: float | None = None, written: int | None = None) -> WriteAnswer:
    return WriteAnswer(status, written, SourceError("http_status", f"HTTP {status}", pause=pause))


def sink(
    receiver: Receiver, now: Callable[[], float] = time.monotonic, **fields: object
) -> RemoteWriteSink:
    spec = RemoteWrite.model_validate({"url": "http://127.0.0.1:1", "every": "1s"} | fields)
    return RemoteWriteSink(spec, receiver, LABELS, now=now)


def lag(count: int, name: str = "worker", values: Sequence[Value] | None = None) -> Family:
    rows = Rows(("main", "$G", "S", f"{name}-{n}") for n in range(count))
    return Family(nats.LAG_MESSAGES, rows, list(range(count)) if values is None else values)


def histogram(*observed: float, name: str = "a") -> Family:
    observations = Observations(PROCESSING.buckets)
    for value in observed:
        observations.add(value)
    rows = Rows([("n", "$G", "O", name), ("n", "$G", "O", "none")])
    values = [observations.histogram(), None]
    return Family(PROCESSING, rows, [len(observed), None], SINCE, values)


def everything() -> list[Family]:
    tagged = replace(nats.LAG_MESSAGES, labels=("Team", "nats", "consumer"))
    return [
        lag(5, values=[1, None, math.inf, 2**63, True]),
        lag(2),  # the first of which is there already
        Family(tagged, Rows([('A\n"é', "main", ""), ("", "main", "x" * 500)]), [1.5, -0.0]),
        Family(aws.FAILED_INVOCATIONS, RULES, [3], SINCE),
        Family(own.BUILD_INFO, Rows([("0.1", "3.11")]), [1]),
        single(own.AWS_COST, 4.25),
        histogram(0.0, 0.9, 1.0, 3.0),
    ]


def exposed(families: list[Family]) -> dict[Identity, float]:
    exposition = Exposition(LABELS)
    exposition.update("all", families)
    text = exposition.body(openmetrics=False, gzip=False).decode()
    return {
        tuple(sorted([("__name__", s.name), *((k, v) for k, v in s.labels.items() if v)])): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_the_receiver_has_the_series_of_a_scrape_at_one_time(protocol: str) -> None:
    receiver = Receiver()
    outcome = sink(receiver, protocol=protocol).push(everything(), AT)
    expected = exposed(everything())
    assert {series: sample.value for series, sample in receiver.last.items()} == expected
    assert (outcome.accepted, outcome.failure) == (len(expected), None)
    assert {(sample.at, sample.stale) for sample in receiver.last.values()} == {
        (round(AT * 1000), False)
    }
    assert set(receiver.kinds) == {V1 if protocol == "v1" else V2}


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_series_say_what_they_are_and_in_version_2_since_when_they_count(protocol: str) -> None:
    receiver = Receiver()
    rows = Rows([("main", "b", "old"), ("main", "b", "new")])
    counter = Family(aws.INVOCATIONS, rows, [3, 1], SINCE, restarts={1: AT - 5})
    seconds = Family(nats.LAG_SECONDS, Rows([("main", "$G", "S", "c")]), [1])
    families = [counter, *everything(), seconds]
    sink(receiver, protocol=protocol).push(families, AT)
    named = {(dict(s)["__name__"], dict(s).get("rule", "")): w for s, w in receiver.last.items()}
    kinds = {name: sample.kind for (name, _), sample in named.items()}
    assert kinds["eventbridge_invocations_total"] == "counter"
    assert kinds["nats_consumer_lag_messages"] == "gauge"
    assert kinds["obs_build_info"] == "info"
    assert {kind for name, kind in kinds.items() if "_processing_" in name} == {"histogram"}
    lag_seconds = named["nats_consumer_lag_seconds", ""]
    assert (lag_seconds.help, lag_seconds.unit) == (nats.LAG_SECONDS.help, "seconds")
    created = {
        "old": named["eventbridge_invocations_total", "old"].created,
        "new": named["eventbridge_invocations_total", "new"].created,
        "bucket": named[f"{PROCESSING.name}_bucket", ""].created,
        "gauge": lag_seconds.created,
    }
    since = {"old": SINCE, "new": AT - 5, "bucket": SINCE, "gauge": 0}
    factor = 1000 if protocol == "v2" else 0
    assert created == {name: round(begun * factor) for name, begun in since.items()}


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_series_that_go_are_ended_once(protocol: str) -> None:
    receiver = Receiver()
    pusher = sink(receiver, protocol=protocol)
    pusher.push([lag(2), histogram(1.0)], AT)
    before = receiver.last
    pusher.push([lag(2, values=[0, None])], AT + 30)
    ended = {series for series, sample in receiver.last.items() if sample.stale}
    assert len(receiver.last) == len(before)
    assert before.keys() - ended == {s for s, sample in receiver.last.items() if not sample.stale}
    assert {dict(series)["consumer"] for series in ended} == {"worker-1", "a"}
    pusher.push([lag(2, values=[0, None])], AT + 60)
    assert not any(sample.stale for sample in receiver.last.values())


def test_series_that_a_reload_takes_away_are_ended_too_and_what_waits_is_sent() -> None:
    receiver = Receiver()
    first, second = sink(receiver), sink(receiver)
    first.push([lag(2)], AT)
    receiver.answers = [503] * 9
    first.push([lag(2)], AT + 1)
    first.close()
    receiver.answers = []
    second.go_on(first)
    assert second.push([lag(1)], AT + 2).accepted == 4
    assert [len(each) for each in receiver.taken] == [2, 2, 2]
    assert sum(sample.stale for sample in receiver.last.values()) == 1


@pytest.mark.parametrize(
    "receiver", [Receiver(415), Receiver(400), Receiver(old=True)], ids=["415", "400", "taken"]
)
def test_a_receiver_of_version_1_gets_that_from_then_on(receiver: Receiver) -> None:
    pusher = sink(receiver)
    assert pusher.push([lag(3)], AT).accepted == 3
    assert pusher.push([lag(3)], AT + 1).accepted == 3
    assert receiver.kinds == [V2, V1, V1]
    assert len(receiver.taken) == 2


def test_a_receiver_that_returns_to_an_earlier_release_loses_nothing() -> None:
    """It takes version 2 as before, finds nothing in it, and sends no header any more."""
    receiver = Receiver()
    pusher = sink(receiver)
    assert pusher.push([lag(3)], AT).accepted == 3
    receiver.old = True
    assert pusher.push([lag(3)], AT + 1).accepted == 3
    assert pusher.push([lag(3)], AT + 2).accepted == 3
    assert receiver.kinds == [V2, V2, V1, V1]
    assert [len(each) for each in receiver.taken] == [3, 3, 3]


def test_what_both_versions_refuse_decides_nothing() -> None:
    receiver = Receiver(400, 400)
    pusher = sink(receiver)
    outcome = pusher.push([lag(3)], AT)
    assert (outcome.accepted, outcome.rejected, outcome.pending) == (0, 3, 0)
    pusher.push([lag(3)], AT + 1)
    assert receiver.kinds == [V2, V1, V2]


def test_a_receiver_of_version_2_that_refuses_some_samples_stays_one() -> None:
    receiver = Receiver(lambda _: refused(400, written=2))
    pusher = sink(receiver)
    outcome = pusher.push([lag(3)], AT)
    assert (outcome.accepted, outcome.rejected) == (2, 1)
    assert outcome.failure is not None
    pusher.push([lag(3)], AT + 1)
    assert receiver.kinds == [V2, V2]


def test_only_version_2_is_sent_where_the_spec_says_so() -> None:
    receiver = Receiver(415)
    outcome = sink(receiver, protocol="v2").push([lag(3)], AT)
    assert (receiver.kinds, outcome.rejected) == ([V2], 3)


def test_what_a_receiver_cannot_take_now_is_repeated_then_waits_and_comes_first() -> None:
    receiver = Receiver(503, 429)
    outcome = sink(receiver, every="10s").push([lag(3)], AT)
    assert (outcome.accepted, outcome.repeated, outcome.failure) == (3, 2, None)
    receiver = Receiver(*[500] * 9)
    pusher = sink(receiver)
    outcome = pusher.push([lag(3)], AT)
    assert (outcome.accepted, outcome.pending, outcome.rejected) == (0, 3, 0)
    assert outcome.failure is not None
    receiver.answers = []
    outcome = pusher.push([lag(3)], AT + 1)
    assert (outcome.accepted, outcome.pending, outcome.failure) == (6, 0, None)
    assert [{s.at for s in each.values()} for each in receiver.taken] == [
        {round(AT * 1000)},
        {round(AT * 1000) + 1000},
    ]


def test_what_waits_is_bounded_and_the_oldest_is_dropped_and_counted() -> None:
    receiver = Receiver(*[503] * 99)
    pusher = sink(receiver, max_pending_samples=25, max_samples_per_send=5, every="1s")
    outcomes = [pusher.push([lag(10)], AT + n) for n in range(4)]
    assert [each.pending for each in outcomes] == [10, 20, 25, 25]
    assert [each.dropped for each in outcomes] == [0, 0, 5, 10]
    receiver.answers = []
    assert pusher.push([lag(10)], AT + 4).accepted == 35
    assert min(s.at for each in receiver.taken for s in each.values()) == round(AT * 1000) + 1000


@pytest.mark.parametrize(("status", "sent"), [(400, 2), (422, 2), (401, 1), (404, 1)])
def test_what_is_refused_is_not_sent_again(status: int, sent: int) -> None:
    """What is wrong with one request is not with the next; credentials and addresses are."""
    receiver = Receiver(status)
    pusher = sink(receiver, protocol="v2", max_samples_per_send=5)
    outcome = pusher.push([lag(10)], AT)
    assert (outcome.rejected, len(receiver.kinds)) == (5, sent)
    assert outcome.pending == (0 if sent == 2 else 5)
    assert outcome.failure is not None
    assert str(status) in str(outcome.failure)


def test_a_request_that_is_too_large_is_cut_and_those_after_it_are_as_small() -> None:
    receiver = Receiver(413, 413)
    pusher = sink(receiver, protocol="v2")
    assert pusher.push([lag(8)], AT).accepted == 8
    assert [len(each) for each in receiver.taken] == [2, 2, 4]
    assert pusher.push([lag(8)], AT + 1).accepted == 8
    assert [len(each) for each in receiver.taken[3:]] == [2, 2, 2, 2]
    assert pusher.push([lag(8)], AT + 2).accepted == 8  # and later twice as large again
    assert [len(each) for each in receiver.taken[7:]] == [4, 4]


def test_a_pause_is_kept_while_samples_are_still_taken() -> None:
    now = [0.0]
    receiver = Receiver(lambda _: refused(503, pause=60.0))
    pusher = sink(receiver, lambda: now[0])
    first = pusher.push([lag(2)], AT)
    assert first.failure is not None
    assert first.failure.pause is None  # else the daemon would take no samples
    assert "a pause of 60 s" in str(first.failure)
    now[0] = 59.0
    assert pusher.push([lag(2)], AT + 59).pending == 4
    assert len(receiver.kinds) == 1
    now[0] = 61.0
    assert pusher.push([lag(2)], AT + 61).accepted == 6


def test_a_batch_that_cannot_be_encoded_does_not_stay_in_the_way() -> None:
    receiver = Receiver()
    pusher = sink(receiver, max_samples_per_send=5)
    wrong = Family(nats.LAG_MESSAGES, Rows([("too", "few")]), [1])
    outcome = pusher.push([wrong, *(lag(5, name) for name in "ab")], AT)
    assert (outcome.rejected, outcome.accepted, outcome.pending) == (1, 10, 0)
    assert outcome.failure is not None
    assert outcome.failure.reason == "internal"


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=5),
    st.integers(1, 50),
    st.booleans(),
)
def test_batches_have_every_sample_once_and_no_more_than_allowed(
    sizes: list[int], most: int, wide: bool
) -> None:
    rows = [Rows(("m", "$G", "S", f"{n}-{i}") for i in range(size)) for n, size in enumerate(sizes)]
    metrics = (nats.LAG_MESSAGES, nats.PENDING_MESSAGES) if wide else (nats.LAG_MESSAGES,)
    families = [Family(metric, each, [1] * len(each)) for each in rows for metric in metrics]
    batches = WrittenSeries().batches(families, 1, most)
    assert all(0 < batch.samples <= most for batch in batches)
    assert sum(batch.samples for batch in batches) == sum(sizes) * len(metrics)
    for batch in batches:
        halves = batch.halves()
        assert (halves is None) == (batch.samples == 1)
        assert halves is None or halves[0].samples + halves[1].samples == batch.samples


def test_a_receiver_that_is_away_makes_no_memory_grow_while_names_are_used_once() -> None:
    receiver = Receiver(*[lambda _: refused(503, pause=999.0)] * 99_999)
    now = [0.0]
    pusher = sink(receiver, lambda: now[0], max_pending_samples=200)

    def pushes(begin: int, end: int) -> int:
        for n in range(begin, end):
            now[0] += 1000.0
            pusher.push([lag(10, f"c{n}"), histogram(1.0, name=f"c{n}")], AT + n)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start(1)
    try:
        before = pushes(0, 40)
        assert pushes(40, 90) - before < 30_000
    finally:
        tracemalloc.stop()


def test_without_a_permit_nothing_is_sent_and_everything_waits() -> None:
    lost = SourceError("unavailable", "this collector does not hold the lease")
    permits = [None, lost, None, None]
    receiver = Receiver(503)
    spec = RemoteWrite.model_validate({"url": "http://127.0.0.1:1", "every": "1s"})
    pushing = RemoteWriteSink(spec, receiver, LABELS, permit=lambda: permits.pop(0))
    outcome = pushing.push([lag(2)], AT)  # the lease is lost before the request is repeated
    assert (outcome.failure, outcome.pending, len(receiver.kinds)) == (lost, 2, 1)
    assert pushing.push([lag(2)], AT + 1).accepted == 4
