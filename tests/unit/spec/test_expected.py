"""What a spec expects of streams has to be what it watches."""

from pathlib import Path

import pytest

from obs.spec.load import load
from obs.spec.report import InvalidSpec

SPEC = """version: 1
system: shop
sources:
  nats:
    main:
      monitor: [http://nats:8222]
      streams: {include: [ORDERS]}
      consumers: {exclude: [debug]}
      expects:
        ORDERS:
          max_age: 1h
          consumers:
            worker: {max_deliver: 3, ack_wait: 30s}
"""


def problems(tmp_path: Path, before: str, after: str) -> list[str]:
    file = tmp_path / "obs.yaml"
    file.write_text(SPEC.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(InvalidSpec) as caught:
        load([file], variables={})
    return [problem.message for problem in caught.value.problems]


def test_expectations_are_read(tmp_path: Path) -> None:
    file = tmp_path / "obs.yaml"
    file.write_text(SPEC, encoding="utf-8")
    expected = load([file], variables={}).sources.nats["main"].expects["ORDERS"]
    assert expected.max_age == 3600
    assert expected.consumers["worker"].max_deliver == 3


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("        ORDERS:", "        ORDRES:", "does not include stream 'ORDRES'; did you mean"),
        ("worker:", "debug:", "excludes consumer 'debug'"),
        ("max_age: 1h", "max_age: 3600", "3600 has no unit"),
        ("max_age: 1h", "replicas: 7", "5"),
        ("max_deliver: 3", "max_deliver: forever", "unlimited"),
        ("max_deliver: 3", "max_delivery: 3", "did you mean max_deliver?"),
    ],
)
def test_an_expectation_that_cannot_be_met_or_read_is_reported(
    tmp_path: Path, before: str, after: str, words: str
) -> None:
    found = problems(tmp_path, before, after)
    assert [message for message in found if words in message], found
