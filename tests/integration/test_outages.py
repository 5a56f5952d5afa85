"""Outages: each short drill loses nothing and is over within its limit."""

from pathlib import Path

import pytest

from tests.outages.outage import Outage, faults
from tests.outages.table import all_outages, row

pytestmark = pytest.mark.integration

SHORT = [outage for outage in all_outages() if outage.short]


@pytest.mark.parametrize("outage", SHORT, ids=[outage.name for outage in SHORT])
def test_nothing_is_lost_and_the_numbers_are_soon_right_again(
    outage: Outage, tmp_path: Path
) -> None:
    if missing := outage.missing():
        pytest.skip(missing)
    recovery = outage.run(tmp_path)
    print(row(outage, recovery))  # noqa: T201  shown with a test that fails
    assert faults(outage, recovery) == []
