"""What systems and environments are called wherever several share a place."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.alerts.writers.amp import namespace_name
from obs.alerts.writers.operator import object_name
from obs.ids import dashboard_uid
from obs.spec.system import System

PARTS = ("a", "b", "staging", "production", "1a2b3c4d", "test")
NAMES = tuple(
    "-".join(parts) for most in (1, 2, 3) for parts in itertools.product(PARTS, repeat=most)
)
words = st.sampled_from(NAMES)


def system(name: str, environment: str) -> System:
    return System(version=1, system=name, environment=environment)


@pytest.mark.parametrize(
    ("name", "environment", "known_as", "full_name"),
    [
        ("oms", "production", "oms", "oms-production"),
        ("oms", "staging", "oms-staging", "oms-staging"),
        ("order-service", "production", "order-service", "order-service-production"),
        ("order-service", "development", "order-service-development", "order-service-development"),
    ],
)
def test_usual_systems_and_environments_are_called_as_before(
    name: str, environment: str, known_as: str, full_name: str
) -> None:
    assert system(name, environment).known_as == known_as
    assert system(name, environment).full_name == full_name


def test_a_in_b_is_not_a_b_in_production() -> None:
    assert system("a", "b").known_as != system("a-b", "production").known_as
    assert system("a", "staging").known_as != system("a-staging", "production").known_as
    assert system("a", "b-c").full_name != system("a-b", "c").full_name


def test_no_two_have_one_name() -> None:
    few = [name for name in NAMES if name.count("-") < 2]
    every = [system(name, environment) for name in few for environment in few]
    assert len({each.known_as for each in every}) == len(every)
    assert len({each.full_name for each in every}) == len(every)


@given(words, words, words, words)
def test_nor_have_what_is_called_after_them(
    name: str, environment: str, other: str, elsewhere: str
) -> None:
    one, two = system(name, environment), system(other, elsewhere)
    if (name, environment) != (other, elsewhere):
        assert dashboard_uid(one.known_as, "slos") != dashboard_uid(two.known_as, "slos")
        assert namespace_name("nats", one) != namespace_name("nats", two)
        assert object_name(one, "nats") != object_name(two, "nats")
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", one.known_as + one.full_name)
