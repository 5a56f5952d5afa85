"""Places on the grid."""

import pytest
from grafanalib import core
from hypothesis import given
from hypothesis import strategies as st

from obs.dashboards.layout import Band, Section, placed


def some(count: int) -> list[core.Panel]:
    return [core.Text(title=str(number), id=number + 1) for number in range(count)]


@given(st.integers(1, 24))
def test_panels_share_the_width_as_evenly_as_it_goes(count: int) -> None:
    spans = Band(3, some(count)).spans
    assert sum(spans) == 24
    assert max(spans) - min(spans) <= 1


@pytest.mark.parametrize("count", [0, 25])
def test_panels_that_do_not_fit_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Band(3, some(count))


def test_widths_that_leave_a_gap_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fill 24"):
        Band(3, some(2), (12, 11))


def test_sections_stand_below_each_other_under_their_titles() -> None:
    first = Section("", [Band(4, some(2))])
    second = Section("More", [Band(5, some(1)), Band(6, some(3), (6, 6, 12))])
    places = [panel.gridPos for panel in placed("page", [first, second])]
    assert [(p.x, p.y, p.w, p.h) for p in places] == [
        (0, 0, 12, 4),
        (12, 0, 12, 4),
        (0, 4, 24, 1),
        (0, 5, 24, 5),
        (0, 10, 6, 6),
        (6, 10, 6, 6),
        (12, 10, 12, 6),
    ]
