"""ARN patterns of what a spec names."""

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.iam.arns import ArnPlace, buses, pattern, queues, rules
from obs.spec.aws import Bus

HERE = ArnPlace("us-east-1", "123456789012")
RULE = "arn:aws:events:us-east-1:123456789012:rule/"


def matches(arn: str, wanted: str) -> bool:
    """As IAM matches: `*` any characters, `?` any one, nothing else."""
    expression = re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, arn) is not None


@pytest.mark.parametrize(
    ("bus", "globs", "expected"),
    [
        ("orders", ("created",), ["rule/orders/created"]),
        ("default", ("created",), ["rule/created"]),
        ("orders", ("*",), ["rule/orders/*"]),
        ("*", ("*",), ["rule/*"]),
        ("*", ("created",), ["rule/created", "rule/*/created"]),
        ("de*", ("a", "b"), ["rule/a", "rule/de*/a", "rule/b", "rule/de*/b"]),
    ],
)
def test_rules_have_their_bus_in_the_arn_unless_it_is_the_default_one(
    bus: str, globs: tuple[str, ...], expected: list[str]
) -> None:
    found = rules(HERE, [Bus(name=bus, rules=globs)])
    assert list(found) == [f"arn:aws:events:us-east-1:123456789012:{each}" for each in expected]


def test_a_pattern_that_a_wider_one_covers_is_left_out() -> None:
    selection = [Bus(name="orders", rules=("a*", "ab")), Bus(name="orders", rules=("a*",))]
    assert rules(HERE, selection) == (f"{RULE}orders/a*",)


NAMES = st.text("ab-", min_size=1, max_size=4)
GLOBS = st.lists(
    st.one_of(NAMES, st.sampled_from(["*", "?", "[ab]", "[!a]"])), min_size=1, max_size=3
).map("".join)


@given(bus=st.one_of(NAMES, st.just("default")), rule=NAMES, bus_glob=GLOBS, rule_glob=GLOBS)
def test_whatever_the_collector_selects_it_may_read(
    bus: str, rule: str, bus_glob: str, rule_glob: str
) -> None:
    selected = fnmatchcase(bus, bus_glob) and fnmatchcase(rule, rule_glob)
    arn = RULE + (rule if bus == "default" else f"{bus}/{rule}")
    allowed = rules(HERE, [Bus(name=bus_glob, rules=(rule_glob,))])
    if selected:
        assert any(matches(arn, each) for each in allowed)


def test_a_character_class_becomes_any_one_character() -> None:
    assert pattern("order-[0-9]-*") == "order-?-*"
    assert queues(HERE, ["dlq-[ab]"]) == ("arn:aws:sqs:us-east-1:123456789012:dlq-?",)


@pytest.mark.parametrize(
    ("region", "name"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-isob-east-1", "aws-iso-b")],
)
def test_arns_are_of_the_region_s_partition(region: str, name: str) -> None:
    assert buses(ArnPlace(region), [Bus(name="orders")]) == (
        f"arn:{name}:events:{region}:*:event-bus/orders",
    )


def test_a_name_with_wildcards_is_no_pattern() -> None:
    assert pattern("order[*]") == "order${*}"
    assert pattern("what[?]${x}") == "what${?}${$}{x}"
    assert rules(HERE, [Bus(name="b", rules=("a[*]", "ab"))]) == (
        f"{RULE}b/a${{*}}",
        f"{RULE}b/ab",
    )
