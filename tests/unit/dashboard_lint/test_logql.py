"""What is LogQL, and the ranges it counts over."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.dashboard_lint.logql import InvalidLogql, read_logql
from obs.dashboard_lint.model import dashboard

NOTHING = dashboard("a.json", {})


@pytest.mark.parametrize(
    ("query", "ranges"),
    [
        ('{app="x"}', ()),
        ('{app="x", pod=~`a|b`} |= "a" != "b" |~ "c" !~ `d` |> "<_>" # a remark', ()),
        ('{a="b"} |= "x" or "y" != ip("10.0.0.0/8")', ()),
        ('{a="b"} | json | level="error", code >= 500 or took > 1.5s and size <= 20MB', ()),
        ('{a="b"} | json first="list[0]", second | (a="b" or c!="d") | addr = ip("::1")', ()),
        ('{a="b"} | logfmt --strict --keep-empty | pattern "<x> <_>" | regexp "(?P<a>.)"', ()),
        ('{a="b"} | unpack | decolorize | line_format "{{.a}}" | label_format a=b, c="{{.d}}"', ()),
        ('{a="b"} | drop a, b="c" | keep d', ()),
        ('rate({a="b"}[5m])', ("5m",)),
        ('rate({a="b"}[1h30m] | json)', ("1h30m",)),
        ('sum by (x) (count_over_time({a="b"} | json [5m] offset 1h))', ("5m",)),
        ('sum(count_over_time(({a="b"} |= "x")[5m])) by (x)', ("5m",)),
        ('quantile_over_time(0.9, {a="b"} | unwrap duration(took) [5m]) by (x)', ("5m",)),
        ('topk(10, sum by (x) (rate({a="b"}[1m]))) > 5', ("1m",)),
        ('rate({a="b"}[1m]) / on (x) group_left (y) rate({a="b"}[2m])', ("1m", "2m")),
        ('(sum(rate({a="b"}[1m]))) != 3', ("1m",)),
        ('label_replace(rate({a="b"}[1m]), "a", "$1", "b", "(.*)") or vector(0)', ("1m",)),
        ('{a="$a"} |= "$search" | level=~"[[level]]"', ()),
        ('rate({a="b"}[$w])', ("5m",)),
        ("{$filters}", ()),
        ("$whole", ()),
    ],
)
def test_logql_is_read(query: str, ranges: tuple[str, ...]) -> None:
    assert read_logql(query, NOTHING) == ranges


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "a stream selector or a function expected, found the end"),
        ("{", "a label expected, found the end"),
        ("{app}", "=, !=, =~ or !~ expected, found }"),
        ("{app=x}", "a string expected, found x"),
        ('{app="x"', "} expected, found the end"),
        ('{app="x}', 'a string that does not end: "x}'),
        ('{app="x"} |= x', "a string expected, found x"),
        ('{app="x"} | json | level', "a comparison expected, found the end"),
        ('rate({app="x"})', "a range expected, for example [$__auto]"),
        ('rate({app="x"}[m])', "a duration expected, found m"),
        ('counted({app="x"}[5m])', "no function counted"),
        ('sum(rate({app="x"}[5m])', ") expected, found the end"),
        ('{app="x"} {app="y"}', "the end expected, found {"),
        ("§", "what LogQL has not: §"),
    ],
)
def test_what_is_no_logql_is_told(query: str, message: str) -> None:
    with pytest.raises(InvalidLogql) as told:
        read_logql(query, NOTHING)
    assert str(told.value) == message


def test_nesting_without_end_is_told() -> None:
    for query in ("(" * 5_000, '{a="b"} | ' + "(" * 5_000, "- " * 5_000):
        with pytest.raises(InvalidLogql):
            read_logql(query, NOTHING)


_PIECES = st.sampled_from(
    ["rate", "(", ")", "{", "}", "[", "]", "a", "=", '"x"', "|", "|=", "json", "$a", "5m", ",", " "]
)


@given(st.lists(_PIECES, max_size=25).map("".join) | st.text(max_size=60))
def test_any_text_is_read_or_told(query: str) -> None:
    with suppress(InvalidLogql):
        read_logql(query, NOTHING)
