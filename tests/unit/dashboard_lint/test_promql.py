"""What a PromQL query selects, and the labels of its result."""

from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.dashboard_lint.model import Dashboard, dashboard
from obs.dashboard_lint.promql import InvalidPromql, Labels, Matcher, Query, read_promql
from obs.dashboard_lint.substitute import RATE_INTERVAL, stand_in


def read(query: str, *variables: Mapping[str, object]) -> Query:
    return read_promql(query, with_variables(*variables))


def with_variables(*variables: Mapping[str, object]) -> Dashboard:
    return dashboard("a.json", {"templating": {"list": list(variables)}})


def test_a_selector_says_its_metric_its_matchers_its_range_and_what_is_around_it() -> None:
    [selector] = read('sum by (a) (rate(x_total{job=~"$job"}[$__rate_interval]))').selectors
    assert selector.metric == "x_total"
    assert selector.matchers == (Matcher("job", "=~", stand_in("job")),)
    assert selector.seconds == RATE_INTERVAL
    assert selector.within == ("rate", "sum")


@pytest.mark.parametrize("query", ['{__name__="x"}', "x", 'x{a="b"} offset 5m', "x @ end()"])
def test_a_metric_is_known_however_it_is_named(query: str) -> None:
    assert read(query).selectors[0].metric == "x"


@pytest.mark.parametrize("query", ['{__name__=~"x.*"}', "$metric", "a_${metric}_b", "[[metric]]"])
def test_a_metric_that_is_not_fixed_has_no_name(query: str) -> None:
    assert read(query).selectors[0].metric == ""


@pytest.mark.parametrize(
    ("query", "has", "has_not"),
    [
        ("x", "abc", ""),
        ("sum(x)", "", "abc"),
        ("sum by (a) (x)", "a", "bc"),
        ("sum without (a) (x)", "bc", "a"),
        ("max by (a) (sum by (a, b) (x))", "a", "bc"),
        ("max by (c) (sum by (a, b) (x))", "", "abc"),
        ("topk by (a) (3, x)", "abc", ""),
        ("topk(3, sum by (a) (x))", "a", "bc"),
        ('count_values("c", sum by (a) (x))', "c", "ab"),
        ("x / y", "abc", ""),
        ("sum by (a) (x) / y", "a", "bc"),
        ("x / on (a) y", "a", "bc"),
        ("x / ignoring (a) y", "bc", "a"),
        ("sum by (a) (x) * on (a) group_left (b) y", "ab", "c"),
        ("y * on (a) group_right (b) sum by (a) (x)", "ab", "c"),
        ("sum by (a) (x) and y", "a", "bc"),
        ("sum by (a) (x) unless y", "a", "bc"),
        ("sum by (a) (x) or sum by (b) (y)", "ab", "c"),
        ("sum by (a) (x) or vector(0)", "a", "bc"),
        ("sum without (a) (x) or sum by (a) (y)", "abc", ""),
        ("sum by (a) (x) > 5", "a", "bc"),
        ("2 * -(sum by (a) (x))", "a", "bc"),
        ('label_replace(sum by (a) (x), "b", "$1", "a", "(.*)")', "ab", "c"),
        ('label_join(sum(x), "c", "-", "a")', "c", "ab"),
        ("histogram_quantile(0.9, sum by (a, le) (rate(x[5m])))", "a", "bc"),
        ("max_over_time(sum by (a) (x)[1h:5m])", "a", "bc"),
        ("quantile_over_time(0.9, x[5m])", "abc", ""),
        ("time() - sum by (a) (x)", "a", "bc"),
        ("absent(x)", "abc", ""),
        ("vector(1)", "", "abc"),
        ("clamp_min(sum by (a) (x), scalar(y))", "a", "bc"),
    ],
)
def test_the_labels_of_a_result(query: str, has: str, has_not: str) -> None:
    labels = read(query).labels
    assert labels is not None
    assert [label for label in "abc" if labels.may_have(label)] == list(has)
    assert not set(has) & set(has_not)


def test_a_quantile_has_no_bucket() -> None:
    labels = read("histogram_quantile(0.9, rate(x[5m]))").labels
    assert labels is not None
    assert not labels.may_have("le")


@pytest.mark.parametrize("query", ["1 + 1", "time()", "scalar(x)", '"text"'])
def test_one_number_has_no_labels_at_all(query: str) -> None:
    assert read(query).labels is None


@pytest.mark.parametrize(
    "query",
    [
        "topk($n, x)",
        "sum by ($a) (x)",
        "rate(x[$w])",
        "rate(x[[[w]]])",
        "rate($m[$w])",
        "x offset $o",
        "max_over_time(x[${w}:$__interval])",
        "rate(x[${__range_s}s])",
        "rate(x[$__auto_interval_w])",
        'x{a=~"${b:regex}", c=${d:doublequote}}',
        'label_replace(x, "a", "$1-$2", "b", "(.*)(.*)")',
        "x > $n",
    ],
)
def test_variables_may_stand_anywhere(query: str) -> None:
    assert read(query).selectors


def test_a_variable_that_names_a_function_is_tried_with_its_own_values() -> None:
    chosen = {"name": "f", "type": "custom", "query": "max,min", "current": {"value": "max"}}
    assert read("$f(x)", chosen).selectors[0].within == ("max",)
    listed = {"name": "f", "type": "custom", "query": "min, max"}
    assert read("$f(x)", listed).selectors[0].within == ("min",)


def test_what_depends_on_values_that_nobody_knows_is_not_judged() -> None:
    assert read("$f(x)") == Query((), Labels())


def test_a_mistake_beside_a_variable_whose_values_are_known_is_told() -> None:
    chosen = {"name": "f", "type": "custom", "query": "max,min"}
    with pytest.raises(InvalidPromql, match="unclosed"):
        read("$f(x", chosen)


def test_a_query_that_would_overflow_the_parser_is_told() -> None:
    for query in ("(" * 5_000 + "x" + ")" * 5_000, "-" * 5_000 + "x", "x+" * 5_000 + "x"):
        with pytest.raises(InvalidPromql, match="more than 300 operators"):
            read(query)


def test_strings_do_not_count_as_operators() -> None:
    alternatives = "|".join(f"a-{n}+" for n in range(2_000))
    assert read(f'x{{a=~"{alternatives}"}}').selectors


_PIECES = st.sampled_from(
    ["sum", "(", ")", "{", "}", "[", "]", "x", "$a", "[[b]]", '"', "5m", "by", "on", "/", ",", " "]
)


@given(st.lists(_PIECES, max_size=25).map("".join) | st.text(max_size=60))
def test_any_text_is_read_or_told(query: str) -> None:
    with suppress(InvalidPromql):
        read(query)


_LABELS = st.builds(
    Labels,
    st.none() | st.frozensets(st.sampled_from("abc")),
    st.frozensets(st.sampled_from("abc")),
).map(lambda each: each if each.names is None else Labels(each.names))


@given(_LABELS, _LABELS, st.frozensets(st.sampled_from("abc")))
def test_labels_combine_as_sets_do(one: Labels, two: Labels, some: frozenset[str]) -> None:
    for label in "abcd":
        has, also = one.may_have(label), two.may_have(label)
        assert one.shared(two).may_have(label) == (has and also)
        assert one.joined(two).may_have(label) == (has or also)
        assert one.only(some).may_have(label) == (has and label in some)
        assert one.less(some).may_have(label) == (has and label not in some)
        assert one.more(some).may_have(label) == (has or label in some)


ACCEPTED = (
    *("rate(x[5m+1m])", "rate(x[(5m+1m)*2])", "x offset (5m-1m)", "rate(x[step()+1m])"),
    *("rate(x[max_of(step(), 5m)])", "x[5m:1m+1m]", "rate(x[-5m+10m])", "x > 1_000"),
    *("x offset -5m", '{"foo.bar",a="b"}', 'sum by ("a.b") (x)', "x[300]", "0x1F", "x[1d2h]"),
    *('x{a="[5m+1m]"}', "x # [5m+", "x @ end()"),
)
REFUSED = (
    *('{a="x" or b="y"}', 'x{a="x" or b="y"}', "x[5m+]", "x[0]", "x[5m-5m]", "x[5m*]", "x[1h1d]"),
    *("x[(5m]", "x[nothing()]", "x[min_of(1m)]", "{}", "x[5m5m]", "rate(x)", "x[1h/0]"),
    f"x[{'(' * 3000}1m{')' * 3000}]",
)


@pytest.mark.parametrize("query", ACCEPTED)
def test_what_promtool_3_16_takes_is_promql(query: str) -> None:
    assert read(query).selectors or query == "0x1F"


@pytest.mark.parametrize("query", REFUSED)
def test_what_promtool_3_16_refuses_is_not(query: str) -> None:
    with pytest.raises(InvalidPromql):
        read(query)


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("rate(x[5m+1m])", 360),
        ("rate(x[2^3*1s])", 8),
        ("rate(x[2^1^9*1s])", 2),
        ("rate(x[10m-2*1m])", 480),
        ("rate(x[min_of(1m, 2m)+max_of(1m, 2m)])", 180),
        ("rate(x[$__rate_interval*2])", RATE_INTERVAL),
        ("rate(x[${__rate_interval}+$__interval])", RATE_INTERVAL),
    ],
)
def test_arithmetic_on_durations_has_a_value_or_tells_its_variable(
    query: str, seconds: float
) -> None:
    assert read(query).selectors[0].seconds == seconds
