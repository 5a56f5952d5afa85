"""What is found in the labelled set does not get worse; the set itself stays the same."""

import pytest

from obs.privacy.detectors import BY_NAME, pieces
from tests.privacy_set.made import HELD_OUT, TUNING, Item, fingerprint, labelled
from tests.privacy_set.score import score


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return labelled()


def test_the_set_is_the_same_each_time(items: list[Item]) -> None:
    assert len(items) > 6_000
    assert fingerprint(items) == fingerprint(labelled()) == "a57bbe3672ecfa99"
    for item in items:
        for kind, begin, end in item.pieces:
            assert kind in BY_NAME
            assert item.text[begin:end]


@pytest.mark.parametrize(
    ("part", "precision", "recall"), [(TUNING, 0.995, 0.995), (HELD_OUT, 0.895, 0.94)]
)
def test_precision_and_recall(
    part: str, precision: float, recall: float, items: list[Item]
) -> None:
    found = score((item for item in items if item.part == part), pieces)
    assert found.precision() >= precision
    assert found.recall() >= recall
