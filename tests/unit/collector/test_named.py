"""Names of the spec from poll to poll."""

import logging
from collections.abc import Sequence
from typing import Any, cast

import pytest

from obs.collector.named import SpecNames
from obs.sources.kind import Tracker
from obs.spec.named import Found
from obs.spec.system import System
from obs.spec.watched import SpecName

SYSTEM = System.model_validate(
    {
        "version": 1,
        "system": "shop",
        "sources": {"aws": {"cloud": {"region": "us-east-1", "queues": ["dlq"]}}},
    }
)


class Says:
    """A tracker with one answer."""

    def __init__(self, found: Found) -> None:
        self._found = found

    def find(self, names: Sequence[SpecName]) -> list[Found]:
        return [self._found] * len(names)


@pytest.fixture
def names() -> SpecNames:
    return SpecNames(SYSTEM, ["cloud"])


def saying(names: SpecNames, *answers: Found) -> list[str]:
    """What is missing in the end."""
    for found in answers:
        names.update("cloud", cast("Tracker[Any]", Says(found)))
    return [str(each) for each in names.missing("cloud")]


def exported(names: SpecNames) -> list[object]:
    return list(names.family().values)


MISSING = Found(False, ("dlqs",))
SENTENCE = "Queue dlq, which the spec names, does not exist in us-east-1; did you mean dlqs?"


def test_a_missing_name_is_logged_once_and_once_more_when_it_exists(
    names: SpecNames, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert saying(names, MISSING, MISSING, MISSING) == [SENTENCE]
    assert exported(names) == [1]
    assert saying(names, Found(True), Found(True)) == []
    assert exported(names) == [0]
    assert caplog.messages == [
        f"sources.aws.cloud.queues[0]: {SENTENCE}",
        "sources.aws.cloud.queues[0]: queue dlq exists now",
    ]


def test_what_cannot_be_told_changes_nothing(names: SpecNames) -> None:
    assert saying(names, Found(None)) == []
    assert exported(names) == []
    assert saying(names, MISSING, Found(None)) == [SENTENCE]
    assert exported(names) == [1]
    assert saying(names, Found(True), Found(None)) == []
    assert exported(names) == [0]


def test_what_is_in_something_missing_is_not_told_as_well(names: SpecNames) -> None:
    assert saying(names, MISSING, Found(None, follows=True)) == []
    assert exported(names) == []


def test_the_near_name_follows_what_exists(names: SpecNames) -> None:
    assert saying(names, Found(False)) == [SENTENCE.partition(";")[0]]
    assert saying(names, MISSING) == [SENTENCE]


def test_what_exists_but_does_nothing_is_logged_once(
    names: SpecNames, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    idle = Found(True, idle="is disabled")
    assert saying(names, idle, idle) == []
    assert [text for _, text in names.idle("cloud")] == [
        "Queue dlq, which the spec names, is disabled"
    ]
    saying(names, Found(True))
    assert [*names.idle("cloud")] == []
    assert len(caplog.messages) == 2
