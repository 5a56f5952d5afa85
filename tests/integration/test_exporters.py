"""Our values beside those of the two NATS exporters, on the same real servers."""

import os
from pathlib import Path

import pytest

from tests.bench.exporters import compare, table

pytestmark = pytest.mark.integration

PROGRAMS = [os.environ.get(name, "") for name in ("NATS_EXPORTER", "NATS_SURVEYOR")]


@pytest.mark.skipif(
    not all(PROGRAMS), reason="NATS_EXPORTER and NATS_SURVEYOR name no built exporters"
)
def test_the_exporters_and_obs_tell_the_same_of_the_same_servers(tmp_path: Path) -> None:
    exporter, surveyor = map(Path, PROGRAMS)
    found = compare(exporter, surveyor, tmp_path)
    wrong = [each for each in found if each.name.is_compared and each.same < each.pairs]
    unseen = [each for each in found if each.name.is_compared and not each.pairs]
    assert list(table(wrong + unseen))[:-1] == []
