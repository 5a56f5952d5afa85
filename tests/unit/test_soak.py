"""What counts as flat, and its chart."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from obs.state import FILE_NAME
from tests.soak.chart import svg
from tests.soak.measured import QUANTITIES, Sample, judged, looked_at


def course(growth: float) -> list[Sample]:
    """An hour's samples: high at first, then with so much growth an hour of each quantity."""
    start = [1000.0] * len(QUANTITIES)
    return [
        Sample(60.0 * n, tuple(each * (1 + growth * n / 60) + (n % 3) for each in start))
        for n in range(60)
    ]


def test_what_stays_is_flat_and_what_grows_is_not() -> None:
    assert all(each.flat for each in judged(course(0.0)))
    assert not any(each.flat for each in judged(course(20.0)))


def test_the_first_quarter_does_not_count() -> None:
    samples = course(0.0)
    for number in range(15):
        samples[number] = Sample(60.0 * number, (1.0,) * len(QUANTITIES))
    assert all(each.flat for each in judged(samples))


@pytest.mark.parametrize("leaks", [True, False])
def test_a_process_that_keeps_a_little_at_each_look_is_told_from_one_that_does_not(
    leaks: bool, tmp_path: Path
) -> None:
    (tmp_path / FILE_NAME).touch()
    kept: list[list[str]] = []
    samples = []
    for look in range(12):
        if not leaks:
            kept.clear()
        kept.append([f"{look} {number}" for number in range(20_000)])
        samples.append(looked_at(60.0 * look, tmp_path))
    flat = {each.quantity.name: each.flat for each in judged(samples)}
    objects = flat.pop("objects")
    assert objects != leaks
    del flat["memory"]  # of a process that runs other tests too
    assert all(flat.values())


def test_too_few_samples_are_no_verdict() -> None:
    with pytest.raises(ValueError, match="too few"):
        judged(course(0.0)[:7])


def test_the_chart_is_xml_with_a_line_for_each_quantity() -> None:
    samples = course(0.1)
    root = ElementTree.fromstring(svg(samples, judged(samples), "a < b"))
    assert len(root.findall("{*}polyline")) == len(QUANTITIES)
