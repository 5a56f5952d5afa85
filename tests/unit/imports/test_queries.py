"""PromQL of others as counts of events."""

import pytest

from obs.imports.queries import (
    NoCount,
    by_selectors,
    counter_of,
    counts,
    ratio_parts,
    with_window,
)

ERRORS = 'sum(rate(http_requests_total{code=~"5..|429"}[$window]))'
ALL = "sum(rate(http_requests_total[$window]))"


@pytest.mark.parametrize("written", ["{{.window}}", "{{ .window }}", "{{- .window -}}"])
def test_the_window_of_a_template_is_ours(written: str) -> None:
    assert with_window(f" rate(a[{written}])\n") == "rate(a[$window])"


@pytest.mark.parametrize("query", ["rate(a[{{.range}}])", "sum(rate(a[{{.window}}])", "a{b='}"])
def test_what_is_no_whole_query_is_refused(query: str) -> None:
    with pytest.raises(NoCount, match=r"template|closed"):
        with_window(query)


def test_rates_become_counts_in_both_queries_and_texts_stay() -> None:
    text = 'sum(rate(a_total{path="rate(x[$window])"} [$window]))  # rate(b[5m])'
    found = counts(text, ALL)
    assert found.counted == text.replace("sum(rate", "sum(increase")
    assert found.total == "sum(increase(http_requests_total[$window]))"
    assert found.alone


@pytest.mark.parametrize(
    "query",
    [
        "(sum(rate(a[$window])) - sum(rate(b[$window])))",
        "sum(rate(a[$window])) or on() vector(0)",
        "sum(rate(a[$window])) OR vector(0)",
        "2 * sum(rate(a[$window])) / 4",
        "sum(sum by (pod) (rate(a[$window])))",
    ],
)
def test_sums_of_counts_are_counts(query: str) -> None:
    assert counts(query, ALL).counted == query.replace("rate(", "increase(")
    assert counts(query, ALL).alone


def test_what_adds_up_over_time_is_a_count_without_any_rate() -> None:
    bad = "sum_over_time((count(signal < 0.75))[$window:]) OR on() vector(0)"
    total = "sum_over_time((count(signal))[$window:])"
    found = counts(bad, total)
    assert (found.counted, found.total, found.alone) == (bad, total, True)


@pytest.mark.parametrize(
    "query",
    [
        "sum by (pod) (rate(a[$window]))",
        "sum(rate(a[$window])) by (pod)",
        "rate(a[$window])",
        "sum_over_time(a[$window])",
    ],
)
def test_a_query_of_several_series_is_known(query: str) -> None:
    total = "sum(increase(b[$window]))" if "over_time" in query else ALL
    assert not counts(query, total).alone


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("sum(irate(a[$window]))", r"irate\(…\), which does not count"),
        ("histogram_quantile(0.9, sum by (le) (rate(a[$window])))", "histogram_quantile beside"),
        ("sum(rate(a[$window]) > 5)", "> beside"),
        ("1 - sum(rate(a[$window]))", "1 beside"),
        ("max(rate(a[$window]))", "max beside"),
        ("sum(rate(a[$window])) / sum(rate(b[$window]))", "between what is no number"),
        ("vector(1)[$window]", "outside of any function"),
        ("sum(a)", r"no \{\{.window\}\}"),
        ("sum(sum_over_time(a[$window]))", "beside sum_over_time"),
        ("avg_over_time(a[$window])", "avg_over_time"),
    ],
)
def test_what_does_not_add_up_is_said(query: str, why: str) -> None:
    with pytest.raises(NoCount, match=why):
        counts(query, ALL)


def test_a_fixed_range_of_both_becomes_the_window() -> None:
    found = counts("sum(rate(a[10m]))", "sum(rate(b[10m]))")
    assert (found.counted, found.seconds) == ("sum(increase(a[$window]))", 600.0)
    for other in ("sum(rate(b[5m]))", "b"):
        with pytest.raises(NoCount):
            counts("sum(rate(a[7s]))", other)


def test_only_the_sum_of_a_counter_s_increase_is_a_selector() -> None:
    found = by_selectors(counts(ERRORS, ALL))
    assert found is not None
    assert found.counted == 'http_requests_total{code=~"5..|429"}'
    assert found.total == "http_requests_total"
    for other in (
        "sum by (pod) (rate(a[$window]))",
        "sum(rate(a[$window])) or vector(0)",
        "sum(rate(a[$window] offset 5m))",
        "sum(rate(a[$window:1m]))",
    ):
        assert by_selectors(counts(other, ALL)) is None


def test_a_division_is_taken_apart() -> None:
    assert ratio_parts("(a) / (b)") == ("(a)", "(b)", False)
    assert ratio_parts("1 - (sum(a) / sum(b))") == ("sum(a)", "sum(b)", True)
    for other in ("a", "a / b / c", "a / on (x) b", "a / b + c", "2 - a / b"):
        assert ratio_parts(other) is None


def test_a_counter_is_known_alone_and_within_a_sum() -> None:
    assert counter_of('sum(a{b="c"})') == 'a{b="c"}'
    assert counter_of("a") == "a"
    for other in ("sum(a) + sum(b)", "sum by (x) (a)", "sum(rate(a[5m]))"):
        assert counter_of(other) is None
