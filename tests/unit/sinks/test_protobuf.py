"""The Protobuf format says what the text says, and carries native histograms."""

import gzip

from obs import catalogue
from obs.catalogue import nats, own
from obs.catalogue.metric import Kind, Metric
from obs.catalogue.nats_events import PROCESSING
from obs.families.family import Family, Rows
from obs.families.histogram import Histogram, Observations
from obs.sinks.exposition import Exposition
from obs.web.negotiate import accepts_openmetrics, accepts_protobuf
from tests.metric_families import families

CONSUMERS = Rows([("n", "$G", "O", "a"), ("n", "$G", "O", "ü" * 300)])
ASKED = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
OTHERS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


def observed(*values: float, of: Metric = PROCESSING) -> Histogram:
    observations = Observations(of.buckets)
    for value in values:
        observations.add(value)
    return observations.histogram()


def of(*histograms: Histogram | None) -> Family:
    counts = [each.count if each else None for each in histograms]
    return Family(PROCESSING, CONSUMERS, counts, 0.0, histograms)


def body(exposition: Exposition) -> bytes:
    plain = exposition.body(openmetrics=False, gzip=False, protobuf=True)
    assert gzip.decompress(exposition.body(openmetrics=False, gzip=True, protobuf=True)) == plain
    return plain


def test_it_says_what_the_text_format_says() -> None:
    exposition = Exposition((("system", "oms"),))
    exposition.update(
        "a",
        [
            Family(nats.LAG_MESSAGES, CONSUMERS, [1, None]),
            Family(nats.DELIVERED, CONSUMERS, [2**60, 2.5]),
            Family(own.BUILD_INFO, Rows([("1", "2")]), [1]),
        ],
    )
    exposition.update("b", [Family(nats.LAG_MESSAGES, CONSUMERS, [7, float("inf")])])
    found = {each.name: each for each in families(body(exposition))}
    assert list(found) == sorted(
        each.name for each in (nats.LAG_MESSAGES, nats.DELIVERED, own.BUILD_INFO)
    )
    lag, delivered = found[nats.LAG_MESSAGES.name], found[nats.DELIVERED.name]
    assert (lag.type, delivered.type) == (1, 0)
    assert lag.help == nats.LAG_MESSAGES.help
    assert [each.gauge.value for each in lag.metric] == [1, float("inf")]  # the first a's, not b's
    assert [each.counter.value for each in delivered.metric] == [2.0**60, 2.5]
    labels = {pair.name: pair.value for pair in lag.metric[0].label}
    assert labels == dict(zip(nats.CONSUMER, CONSUMERS.values[0], strict=True)) | {"system": "oms"}
    assert len(lag.metric[1].label[3].value) == 256
    assert found[own.BUILD_INFO.name].metric[0].gauge.value == 1


def test_every_metric_of_the_catalogue_comes_through() -> None:
    exposition = Exposition()
    made = []
    for number, metric in enumerate(catalogue.ALL):
        rows = Rows([tuple(f"{name} {number}" for name in metric.labels)])
        one = (observed(1.0, of=metric),) if metric.kind is Kind.HISTOGRAM else ()
        made.append(Family(metric, rows, [1], None, one))
    exposition.update("all", made)
    assert [each.name for each in families(body(exposition))] == sorted(catalogue.BY_NAME)


def test_a_histogram_has_classic_and_native_buckets() -> None:
    exposition = Exposition()
    exposition.update("a", [of(observed(0.0, 0.3, 0.3, 4.0, 1e9), None)])
    (family,) = families(body(exposition))
    (metric,) = family.metric
    found = metric.histogram
    assert (family.type, found.sample_count, found.sample_sum) == (4, 5, 1e9 + 4.6)
    by_bound = {each.upper_bound: each.cumulative_count for each in found.bucket}
    assert (by_bound[0.25], by_bound[0.5], by_bound[5], by_bound[300]) == (1, 3, 4, 4)
    assert (found.schema, found.zero_count, found.zero_threshold) == (3, 1, 2.0**-20)
    assert [(each.offset, each.length) for each in found.positive_span] == [
        (-13, 1),  # up to 2^(-13/8) = 0.324
        (28, 1),  # up to 2^(16/8) = 4
        (143, 1),  # the last one takes all that is larger
    ]
    assert list(found.positive_delta) == [2, -1, 0]


def test_a_histogram_without_a_value_is_native_all_the_same() -> None:
    exposition = Exposition()
    exposition.update("a", [of(observed(), None)])
    (family,) = families(body(exposition))
    (span,) = family.metric[0].histogram.positive_span
    assert (span.offset, span.length) == (0, 0)


def test_an_exemplar_is_on_its_bucket_and_beside_the_native_ones() -> None:
    observations = Observations(PROCESSING.buckets)
    observations.add(0.3)
    observations.add(0.4, "ab" * 16, 1_700_000_000.25)
    observations.add(1e6, "cd" * 16, 1_700_000_001.0)
    exposition = Exposition()
    exposition.update("a", [of(observations.histogram(), None)])
    (family,) = families(body(exposition))
    found = family.metric[0].histogram
    for_native = [(each.label[0].value, each.value) for each in found.exemplars]
    assert for_native == [("ab" * 16, 0.4), ("cd" * 16, 1e6)]
    (exemplar,) = (each.exemplar for each in found.bucket if each.HasField("exemplar"))
    assert (exemplar.label[0].name, exemplar.label[0].value) == ("trace_id", "ab" * 16)
    assert (exemplar.timestamp.seconds, exemplar.timestamp.nanos) == (1_700_000_000, 250_000_000)


def test_it_is_rendered_at_polls_only_while_somebody_asks_for_it() -> None:
    now = 0.0
    exposition = Exposition(monotonic=lambda: now)
    rows = Rows([("n", "$G", "O", "a")])

    def rendered(value: int) -> bool:
        exposition.update("a", [Family(nats.LAG_MESSAGES, rows, [value])])
        return any(part.binary for part in exposition._parts["a"])

    assert not rendered(1)
    body(exposition)
    assert rendered(2)
    (family,) = families(body(exposition))
    assert family.metric[0].gauge.value == 2
    now = 301.0
    assert not rendered(3)
    (family,) = families(body(exposition))
    assert family.metric[0].gauge.value == 3


def test_the_one_who_names_it_gets_it() -> None:
    assert accepts_protobuf(ASKED)
    assert not accepts_protobuf(OTHERS)
    assert accepts_openmetrics(OTHERS)
    assert not accepts_protobuf("*/*")
    assert not accepts_protobuf("application/vnd.google.protobuf;proto=other;encoding=delimited")
    assert not accepts_protobuf(ASKED.replace("delimited", "text"))
    assert not accepts_protobuf(ASKED.replace("delimited,", "delimited;q=0.1,"))
