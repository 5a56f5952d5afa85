"""What becomes of `$variable` in queries, texts and addresses."""

import re
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.dashboards.interpolate import (
    ALL,
    Chosen,
    duration,
    for_link,
    for_query,
    for_text,
    interval_scope,
    referenced,
    time_scope,
)

ONE = Chosen(("ORDERS",))
TWO = Chosen(("a.b", "c"), regex=True)
EVERY = Chosen(("a", "b"), regex=True, everything=True)
VERBATIM = Chosen(("a", "b"), regex=True, everything=True, verbatim=".*")
SCOPE = {"one": ONE, "two": TWO, "every": EVERY, "verbatim": VERBATIM}


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ('x{a="$one"}', 'x{a="ORDERS"}'),
        ('x{a="${one}"}', 'x{a="ORDERS"}'),
        ('x{a="[[one]]"}', 'x{a="ORDERS"}'),
        ('x{a=~"$two"}', r'x{a=~"(a\\.b|c)"}'),
        ('x{a=~"$every"}', 'x{a=~"(a|b)"}'),
        ('x{a=~"$verbatim"}', 'x{a=~".*"}'),
        ('x{a=~"${verbatim:regex}"}', 'x{a=~".*"}'),
        ("${two:csv}", "a.b,c"),
        ("${two:pipe}", "a.b|c"),
        ("${two:json}", '["a.b", "c"]'),
        ("${two:regex}", r"(a\.b|c)"),
        ("[[two:csv]]", "a.b,c"),
        ("${two:singlequote}", "'a.b','c'"),
        ("$unknown and ${unknown}", "$unknown and ${unknown}"),
        ("$onemore", "$onemore"),
        ("rate(x[5m]) # 100%", "rate(x[5m]) # 100%"),
    ],
)
def test_a_query_has_its_variables_replaced(text: str, query: str) -> None:
    assert for_query(text, SCOPE) == query


def test_built_in_times_are_promql_durations() -> None:
    scope = {**interval_scope(90, 150), **time_scope(1000, 4600, ("now-1h", "now"))}
    assert for_query("[$__interval] [$__rate_interval]", scope) == "[1m30s] [2m30s]"
    assert for_query("$__range $__range_s $__from $__to", scope) == "3600s 3600 1000000 4600000"
    assert for_query("${__from:date:seconds}", scope) == "1000"
    assert for_query("${__from:date}", scope) == "1970-01-01T00:16:40.000Z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(15, "15s"), (60, "1m"), (90, "1m30s"), (3600, "1h"), (0.5, "500ms"), (90_061, "1d1h1m1s")],
)
def test_durations_are_written_as_promql_reads_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_texts_say_all_and_join_several() -> None:
    assert for_text("Lag of $two, $every", SCOPE) == "Lag of a.b + c, All"


def test_addresses_keep_variables_and_time() -> None:
    scope = {**SCOPE, **time_scope(0, 3600, ("now-1h", "now"))}
    url = for_link("/d/x?${two:queryparam}&${every:queryparam}&${__url_time_range}", scope)
    assert url == "/d/x?var-two=a.b&var-two=c&var-every=%24__all&from=now-1h&to=now"


def test_all_variables_are_those_of_the_dashboard() -> None:
    scope = {"one": ONE, **time_scope(0, 3600, ("now-1h", "now"))}
    assert for_link("?${__all_variables}", scope) == "?var-one=ORDERS"


def test_addresses_take_labels_and_columns_by_name() -> None:
    facts = {"__field.labels.stream": "A&B", "__data.fields.Consumer": "w"}
    text = '/d/x?var-s=${__field.labels.stream}&var-c=${__data.fields["Consumer"]}'
    assert for_link(text, {}, facts) == "/d/x?var-s=A%26B&var-c=w"


def test_what_a_text_refers_to_is_listed_once() -> None:
    assert referenced("$a ${b:csv} [[c]] $a $__range") == ("a", "b", "c", "__range")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])))
def test_a_value_matches_itself_and_nothing_else_whatever_it_is(value: str) -> None:
    query = for_query('x{a=~"$v"}', {"v": Chosen((value,), regex=True)})
    inner = query.removeprefix('x{a=~"').removesuffix('"}')
    pattern = re.sub(r"\\(.)", r"\1", inner)  # what a PromQL string says
    assert re.fullmatch(pattern, value)
    assert not re.fullmatch(pattern, f"{value}x")
    assert not re.search(r'(?<!\\)(\\\\)*"', inner)


@given(st.lists(st.text(min_size=1), min_size=1))
def test_no_value_can_change_what_an_address_says_beside_it(values: list[str]) -> None:
    values = [value for value in values if value != ALL] or ["x"]
    url = for_link("var-a=1&${v:queryparam}&var-z=2", {"v": Chosen(tuple(values), regex=True)})
    found = parse_qs(url, keep_blank_values=True, errors="surrogatepass")
    assert found == {"var-a": ["1"], "var-v": values, "var-z": ["2"]}
