"""Names of prometheus-nats-exporter beside ours, as `obs collect --once` prints them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from obs.artifacts import yaml_text
from tests.bench.compat import (
    GOLDEN,
    compare,
    names_of,
    of_exporter,
    one_server,
    server_version,
    table,
)
from tests.integration.collector_process import spec_of

pytestmark = pytest.mark.integration

EXPORTER = os.environ.get("NATS_EXPORTER", "")


def test_names_and_labels_are_those_that_the_exporter_was_seen_to_have(tmp_path: Path) -> None:
    with one_server(tmp_path / "nats") as server:
        version = server_version(server)
        spec = spec_of(tmp_path, nats={"monitor": [server.monitor]})
        spec["outputs"]["web"] |= {
            "compat": ["nats-exporter"],
            "nats_exporter": {"exclude": ["gnatsd_varz_http_*"]},
        }
        file = tmp_path / "obs.yaml"
        file.write_text(yaml_text(spec))
        command = [sys.executable, "-m", "obs", "collect", "--once", "--spec", str(file)]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    shown = of_exporter(text)
    golden = json.loads(GOLDEN.read_text())
    # What /varz tells is another in each version of nats-server.
    part = "" if golden["server"] == version else "jetstream_"
    assert {name: labels for name, labels in names_of(shown).items() if part in name} == {
        name: labels
        for name, labels in golden["names"].items()
        if part in name and not name.startswith("gnatsd_varz_http_")
    }
    (pending,) = shown["jetstream_consumer_num_pending"].items()
    labels, value = dict(pending[0]), pending[1]
    assert value == 3
    assert labels["server_id"] == server.monitor
    assert labels["consumer_desc"] == "packs parcels"
    assert "system" not in labels
    assert text.rindex("# TYPE nats_") < text.index("# TYPE gnatsd_"), "ours come first"


@pytest.mark.skipif(not EXPORTER, reason="NATS_EXPORTER names no built exporter")
def test_every_series_is_that_of_the_exporter_on_the_same_servers(tmp_path: Path) -> None:
    found = compare(Path(EXPORTER), tmp_path)
    assert list(table([each for each in found if not each.agrees and not each.why]))[1:-1] == []
    assert len(found) > 100
