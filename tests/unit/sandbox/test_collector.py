"""The demo's spec and the collector's process fit together."""

import sys
from pathlib import Path

from obs.sandbox.collector import DEMO_SPEC, CollectorProcess
from obs.sandbox.oms_streams import ADVISORY_STREAM, CONSUMERS
from obs.spec.load import load

VARIABLES = {
    "OBS_DEMO_NATS_MONITOR": "http://127.0.0.1:8222",
    "OBS_DEMO_NATS_URL": "nats://127.0.0.1:4222",
    "OBS_DEMO_AWS_ENDPOINT": "http://127.0.0.1:4566",
    "OBS_DEMO_STATE": "state",
    "OBS_DEMO_LISTEN": "127.0.0.1:9464",
}


def test_the_demos_spec_is_valid_with_what_the_demo_tells_it() -> None:
    system = load([DEMO_SPEC], variables=VARIABLES)
    nats = system.sources.nats["oms-nats"]
    assert nats.connection is not None
    assert nats.connection.advisory_stream == ADVISORY_STREAM
    named = [slo.sli.nats_lag or slo.sli.nats_delivery for slo in system.slos]
    assert {sli.consumer for sli in named if sli} <= {*CONSUMERS, "*"}


def test_the_collector_is_told_every_variable_of_the_spec(tmp_path: Path) -> None:
    collector = CollectorProcess(tmp_path, 9464, {"FROM": "sandbox"})
    told = collector.process._env
    assert told is not None
    assert told["FROM"] == "sandbox"
    assert {"OBS_DEMO_STATE", "OBS_DEMO_LISTEN"} <= told.keys()
    assert collector.process.argv == (
        *(sys.executable, "-m", "obs", "collect", "--spec", str(DEMO_SPEC)),
    )
    assert collector.url == "http://127.0.0.1:9464"
