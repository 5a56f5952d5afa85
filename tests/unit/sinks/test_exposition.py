import gzip
import math
import shutil
import subprocess
import zlib
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from obs.catalogue import nats, own
from obs.catalogue.metric import Kind, Metric
from obs.families.family import SINGLE, Family, Rows, Value, single
from obs.families.histogram import Histogram, Observations
from obs.sinks import exposition as module
from obs.sinks.exposition import Exposition, header_lines, sample_lines
from obs.sinks.labels import LONGEST
from obs.sinks.process import ProcessMetrics

DEPTH = Metric("queue_depth_messages", Kind.GAUGE, "How many wait.", ("queue",), "messages")
SENT = Metric("sent_total", Kind.COUNTER, "How many went.", ("queue",))
WHO = Metric("who_info", Kind.INFO, "Who it is.", ("queue",))

labels = st.lists(st.text(max_size=2 * LONGEST), max_size=8, unique=True)
numbers = st.floats() | st.integers(-(10**20), 10**20) | st.none() | st.booleans()


def plain(exposition: Exposition, *, openmetrics: bool = False) -> str:
    return exposition.body(openmetrics=openmetrics, gzip=False).decode()


def exposed(*families: Family) -> Exposition:
    exposition = Exposition()
    exposition.update("source", families)
    return exposition


def parsed(parse: Callable[[str], Any], text: str) -> dict[tuple[str, ...], float]:
    samples = [sample for family in parse(text) for sample in family.samples]
    by_identity = {(s.name, *s.labels.values()): float(s.value) for s in samples}
    assert len(by_identity) == len(samples)
    return by_identity


def test_the_text_format_is_byte_for_byte_this() -> None:
    rows = Rows([("a",), ('b"\\\n',)])
    body = plain(exposed(Family(SENT, rows, [1, 2.5]), Family(WHO, rows, [1, 1])))
    assert body == (
        "# HELP sent_total How many went.\n"
        "# TYPE sent_total counter\n"
        'sent_total{queue="a"} 1\n'
        'sent_total{queue="b\\"\\\\\\n"} 2.5\n'
        "# HELP who_info Who it is.\n"
        "# TYPE who_info gauge\n"
        'who_info{queue="a"} 1\n'
        'who_info{queue="b\\"\\\\\\n"} 1\n'
    )


def test_openmetrics_is_byte_for_byte_this() -> None:
    rows = Rows([("a",)])
    families = [Family(SENT, rows, [1]), Family(WHO, rows, [1]), Family(DEPTH, rows, [3])]
    assert plain(exposed(*families), openmetrics=True) == (
        "# TYPE queue_depth_messages gauge\n"
        "# UNIT queue_depth_messages messages\n"
        "# HELP queue_depth_messages How many wait.\n"
        'queue_depth_messages{queue="a"} 3\n'
        "# TYPE sent counter\n"
        "# HELP sent How many went.\n"
        'sent_total{queue="a"} 1\n'
        "# TYPE who info\n"
        "# HELP who Who it is.\n"
        'who_info{queue="a"} 1\n'
        "# EOF\n"
    )


def test_nothing_exposed_is_still_a_valid_page() -> None:
    assert plain(Exposition()) == ""
    assert plain(Exposition(), openmetrics=True) == "# EOF\n"
    assert gzip.decompress(Exposition().body(openmetrics=True, gzip=True)) == b"# EOF\n"


def test_numbers_that_are_not_finite_are_spelled_as_prometheus_spells_them() -> None:
    values = [math.inf, -math.inf, math.nan, 1e16]
    lines = sample_lines("m", [" "] * 4, values)
    assert lines == "m +Inf\nm -Inf\nm NaN\nm 1e+16\n"


def test_a_label_that_says_inf_is_left_alone() -> None:
    body = plain(exposed(Family(DEPTH, Rows([(" inf\n nan",)]), [1.5])))
    assert 'queue_depth_messages{queue=" inf\\n nan"} 1.5\n' in body


def test_rows_without_a_value_have_no_sample() -> None:
    family = Family(DEPTH, Rows([("a",), ("b",), ("c",)]), [None, 0, None])
    assert parsed(parse_text, plain(exposed(family))) == {("queue_depth_messages", "b"): 0.0}


def test_a_family_without_samples_is_not_mentioned() -> None:
    exposition = exposed(Family(DEPTH, Rows([("a",)]), [None]), Family(SENT, Rows([]), []))
    assert plain(exposition) == ""


def test_help_is_escaped_as_each_format_wants() -> None:
    metric = Metric("m", Kind.GAUGE, 'a "quoted" \\ and\nbroken', ())
    assert header_lines(metric, openmetrics=False).startswith(
        '# HELP m a "quoted" \\\\ and\\nbroken\n'
    )
    assert '# HELP m a \\"quoted\\" \\\\ and\\nbroken\n' in header_lines(metric, openmetrics=True)


def test_a_unit_is_told_only_where_the_name_ends_in_it() -> None:
    assert "UNIT" not in header_lines(
        Metric("m_limit", Kind.GAUGE, "M.", (), "bytes"), openmetrics=True
    )
    assert "# UNIT m_bytes bytes" in header_lines(
        Metric("m_bytes_total", Kind.COUNTER, "M.", (), "bytes"), openmetrics=True
    )


@pytest.mark.parametrize("rows", [1, 4, 8])
def test_rows_and_values_must_be_equally_many(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 4)
    family = Family(DEPTH, Rows((str(n),) for n in range(rows)), [1] * (rows + 1))
    exposition = exposed(single(own.AWS_COST, 1))
    with pytest.raises(ValueError, match=f"queue_depth_messages: {rows} rows, {rows + 1} values"):
        exposition.update("source", [family])
    assert b"dollars_per_month 1\n" in exposition.body(openmetrics=False, gzip=False)


@settings(max_examples=60, deadline=None)
@given(labels, st.data())
def test_any_label_and_any_number_comes_back_from_the_parsers(
    queues: list[str], data: st.DataObject
) -> None:
    values = data.draw(st.lists(numbers, min_size=len(queues), max_size=len(queues)))
    exposition = exposed(Family(DEPTH, Rows((queue,) for queue in queues), values))
    expected = [repr(float(value)) for value in values if value is not None]
    for parse, openmetrics in ((parse_text, False), (parse_openmetrics, True)):
        samples = parsed(parse, plain(exposition, openmetrics=openmetrics))
        assert [repr(value) for value in samples.values()] == expected
        for queue, value in zip(queues, values, strict=True):
            if len(queue) <= LONGEST and value is not None:
                assert ("queue_depth_messages", queue) in samples


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=1, max_size=5))
def test_gzip_holds_exactly_the_plain_body_poll_after_poll(polls: list[list[Value]]) -> None:
    exposition, rows = Exposition(), Rows([("a",), ("b",), ("c",)])
    for values in polls:
        exposition.update("source", [Family(DEPTH, rows, values), Family(SENT, rows, polls[0])])
        for openmetrics in (False, True):
            body = exposition.body(openmetrics=openmetrics, gzip=True)
            expected = exposition.body(openmetrics=openmetrics, gzip=False)
            assert gzip.decompress(body) == expected
            assert zlib.decompress(body, wbits=31) == expected


def test_equal_values_are_not_rendered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Rows([("a",), ("b",)])
    exposition = exposed(Family(DEPTH, rows, [1, 2.5]), Family(SENT, rows, [1, 2]))
    rendered: list[str] = []

    def counted(name: str, *rest: Any) -> str:
        rendered.append(name)
        return sample_lines(name, *rest)

    monkeypatch.setattr(module, "sample_lines", counted)
    exposition.update("source", [Family(DEPTH, rows, [1, 2.5]), Family(SENT, rows, [1, 3])])
    assert rendered == ["sent_total"]
    assert 'sent_total{queue="b"} 3\n' in plain(exposition)


def test_only_blocks_of_rows_that_changed_are_rendered_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_BLOCK", 10)
    rows = Rows((f"q{n}",) for n in range(35))
    values: list[Value] = list(range(35))
    exposition = exposed(Family(DEPTH, rows, values))
    sizes: list[int] = []

    def counted(name: str, texts: list[str], *rest: Any) -> str:
        sizes.append(len(texts))
        return sample_lines(name, texts, *rest)

    monkeypatch.setattr(module, "sample_lines", counted)
    values = [*values[:34], None]
    exposition.update("source", [Family(DEPTH, rows, values)])
    assert sizes == [5]
    samples = parsed(parse_text, plain(exposition))
    assert samples == {("queue_depth_messages", f"q{n}"): n for n in range(34)}


def test_new_rows_are_rendered_even_with_equal_values() -> None:
    exposition = exposed(Family(DEPTH, Rows([("a",)]), [1]))
    exposition.update("source", [Family(DEPTH, Rows([("b",)]), [1])])
    assert parsed(parse_text, plain(exposition)) == {("queue_depth_messages", "b"): 1.0}


def test_samples_of_one_metric_stand_together_whatever_their_source() -> None:
    exposition = exposed(Family(DEPTH, Rows([("a",)]), [1]), Family(SENT, Rows([("a",)]), [1]))
    exposition.update("other", [Family(DEPTH, Rows([("b",)]), [2])])
    body = plain(exposition, openmetrics=True)
    assert body.count("# TYPE queue_depth_messages") == 1
    assert 'queue_depth_messages{queue="b"} 2\nqueue_depth_messages{queue="a"} 1\n' in body
    assert len(parsed(parse_openmetrics, body)) == 3


def test_of_a_series_that_two_sources_have_one_stays() -> None:
    exposition = Exposition()
    exposition.update("one", [Family(DEPTH, Rows([("a",), ("b",), ("c",)]), [1, None, 3])])
    exposition.update("two", [Family(DEPTH, Rows([("b",), ("a",), ("d",)]), [20, 10, 40])])
    exposition.update("two again", [Family(DEPTH, Rows([("d",)]), [400])])
    assert parsed(parse_text, plain(exposition)) == {
        ("queue_depth_messages", "a"): 1.0,
        ("queue_depth_messages", "b"): 20.0,
        ("queue_depth_messages", "c"): 3.0,
        ("queue_depth_messages", "d"): 40.0,
    }
    exposition.withdraw("one")
    assert parsed(parse_text, plain(exposition))[("queue_depth_messages", "a")] == 10.0


def test_a_row_twice_in_a_family_is_exposed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 2)
    rows = Rows([("a",), ("b",), ("c",), ("a",), ("d",)])
    assert plain(exposed(Family(DEPTH, rows, [1, 2, 3, 4, 5]))).count('{queue="a"}') == 1


def test_what_is_withdrawn_is_gone_and_the_rest_stays() -> None:
    exposition = exposed(single(own.AWS_COST, 1.5))
    exposition.update("other", [Family(DEPTH, Rows([("a",)]), [1])])
    exposition.withdraw("other")
    exposition.withdraw("never there")
    assert parsed(parse_text, plain(exposition)) == {("obs_aws_cost_dollars_per_month",): 1.5}


def test_a_page_never_changes() -> None:
    exposition = exposed(single(own.AWS_COST, 1))
    page = exposition.page()
    assert exposition.page() is page
    exposition.update("source", [single(own.AWS_COST, 2)])
    assert b"dollars_per_month 1\n" in page.body(openmetrics=False, gzip=False)
    assert b"dollars_per_month 2\n" in exposition.body(openmetrics=False, gzip=False)


def test_a_compressed_body_is_put_together_once() -> None:
    page = exposed(single(own.AWS_COST, 1)).page()
    for openmetrics in (False, True):
        first = page.body(openmetrics=openmetrics, gzip=True)
        assert page.body(openmetrics=openmetrics, gzip=True) is first


def test_sources_may_be_updated_from_several_threads() -> None:
    exposition = Exposition()

    def poll(source: str) -> None:
        rows = Rows([(source,)])
        for number in range(200):
            exposition.update(source, [Family(DEPTH, rows, [number])])
            exposition.body(openmetrics=False, gzip=True)

    threads = [Thread(target=poll, args=(f"source {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(parsed(parse_text, plain(exposition)).values()) == {199.0}
    assert len(parsed(parse_text, plain(exposition))) == 4


def one_second(metric: Metric) -> Histogram:
    observations = Observations(metric.buckets)
    observations.add(1.0)
    return observations.histogram()


def everything() -> Exposition:
    """Every catalogue metric, and the process's own."""
    from obs.catalogue import ALL

    def family(metric: Metric) -> Family:
        rows = Rows([tuple(f"{label} é" for label in metric.labels)]) if metric.labels else SINGLE
        if metric.kind is Kind.HISTOGRAM:
            return Family(metric, rows, [1], None, [one_second(metric)])
        return Family(metric, rows, [1])

    exposition = exposed(*map(family, ALL))
    exposition.update("process", ProcessMetrics().families())
    return exposition


def test_both_parsers_read_every_metric_of_the_catalogue() -> None:
    exposition = everything()
    text = parsed(parse_text, plain(exposition))
    assert parsed(parse_openmetrics, plain(exposition, openmetrics=True)) == text
    assert ("nats_consumer_lag_messages", *(f"{label} é" for label in nats.CONSUMER)) in text


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_has_nothing_to_say_about_the_page() -> None:
    body = everything().body(openmetrics=False, gzip=False)
    check = subprocess.run(
        ["promtool", "check", "metrics"], input=body, capture_output=True, check=False
    )
    assert (check.returncode, check.stdout + check.stderr) == (0, b"")


def test_a_histogram_has_the_same_buckets_count_and_sum_in_both_formats() -> None:
    waits = Metric(
        "wait_seconds", Kind.HISTOGRAM, "Waits.", ("queue",), "seconds", buckets=(0.5, 1)
    )
    rows = Rows([("a",), ("b",)])
    exposition = exposed(Family(waits, rows, [1, None], None, [one_second(waits), None]))
    lines = (
        'wait_seconds_bucket{queue="a",le="0.5"} 0\n'
        'wait_seconds_bucket{queue="a",le="1.0"} 1\n'
        'wait_seconds_bucket{queue="a",le="+Inf"} 1\n'
        'wait_seconds_count{queue="a"} 1\n'
        'wait_seconds_sum{queue="a"} 1.0\n'
    )
    assert plain(exposition) == (
        f"# HELP wait_seconds Waits.\n# TYPE wait_seconds histogram\n{lines}"
    )
    assert plain(exposition, openmetrics=True) == (
        "# TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n"
        f"# HELP wait_seconds Waits.\n{lines}# EOF\n"
    )


def test_openmetrics_alone_has_the_exemplars_of_a_histogram() -> None:
    waits = Metric(
        "wait_seconds", Kind.HISTOGRAM, "Waits.", ("queue",), "seconds", buckets=(0.5, 1)
    )
    observations = Observations(waits.buckets)
    observations.add(0.7, "ab" * 16, 1_700_000_000.5)
    observations.add(3, "cd" * 16, 1_700_000_001)
    rows = Rows([("a",), ("b",)])
    found = Family(waits, rows, [2, 1], None, [observations.histogram(), one_second(waits)])
    exposition = exposed(found)
    traced = [
        f' # {{trace_id="{"ab" * 16}"}} 0.7 1700000000.500',
        f' # {{trace_id="{"cd" * 16}"}} 3 1700000001.000',
    ]
    page = plain(exposition, openmetrics=True)
    assert f'wait_seconds_bucket{{queue="a",le="1.0"}} 1{traced[0]}\n' in page
    assert f'wait_seconds_bucket{{queue="a",le="+Inf"}} 2{traced[1]}\n' in page
    without = page.replace(traced[0], "").replace(traced[1], "")
    assert [line for line in without.splitlines() if "#" not in line] == [
        line for line in plain(exposition).splitlines() if "#" not in line
    ]
    parse: Any = parse_openmetrics
    exemplars = [
        sample.exemplar.labels["trace_id"]
        for family in parse(page)
        for sample in family.samples
        if sample.exemplar
    ]
    assert exemplars == ["ab" * 16, "cd" * 16]
    exposition.update("a", [Family(waits, rows, [2, 1], None, list(found.histograms))])
    assert plain(exposition, openmetrics=True) == page  # what is unchanged keeps them
    exposition.update("b", [found])
    assert plain(exposition, openmetrics=True) == page  # the first of equal series has them
    exposition.update("a", [Family(waits, rows, [1, 1], None, [one_second(waits)] * 2)])
    assert 'queue="a",le="1.0"} 1\n' in plain(exposition, openmetrics=True)


def test_a_histogram_without_labels_has_buckets_too() -> None:
    waits = Metric("wait_seconds", Kind.HISTOGRAM, "Waits.", (), "seconds", buckets=(1,))
    exposition = exposed(Family(waits, SINGLE, [1], None, [one_second(waits)]))
    assert 'wait_seconds_bucket{le="+Inf"} 1\nwait_seconds_count 1\n' in plain(exposition)


def test_what_another_exporter_has_comes_after_ours_without_the_labels_of_all() -> None:
    rows = Rows([("a",)])
    foreign = Metric("a_gauge", Kind.GAUGE, "Theirs.", ("queue",), foreign=True)
    exposition = Exposition((("system", "shop"),))
    exposition.update("source", [Family(foreign, rows, [1]), Family(DEPTH, rows, [2])])
    ours, theirs = 'queue_depth_messages{queue="a",system="shop"} 2', 'a_gauge{queue="a"} 1'
    for openmetrics in (False, True):
        lines = plain(exposition, openmetrics=openmetrics).splitlines()
        assert lines.index(ours) < lines.index(theirs)
    binary = exposition.body(openmetrics=False, gzip=False, protobuf=True)
    assert binary.count(b"shop") == 1
    assert binary.index(b"queue_depth_messages") < binary.index(b"a_gauge")
