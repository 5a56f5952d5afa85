"""Rules in the ruler of a real Cortex, with the limits that it has by default."""

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from obs.sandbox.process import Process, free_ports
from tests.integration.applying import SPEC, run
from tests.integration.waiting import eventually

BINARY = shutil.which("cortex")
ARGV = ("alerts", "apply", "--target", "mimir")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(BINARY is None, reason="no cortex here (it is a Go module)"),
]


@pytest.fixture(scope="module")
def cortex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address, once the ruler answers."""
    assert BINARY
    folder = tmp_path_factory.mktemp("cortex")
    http, grpc = free_ports(2)
    ring = {"kvstore": {"store": "inmemory"}}
    config = {
        "auth_enabled": True,
        "server": {
            "http_listen_address": "127.0.0.1",
            "grpc_listen_address": "127.0.0.1",
            "http_listen_port": http,
            "grpc_listen_port": grpc,
        },
        "blocks_storage": {
            "backend": "filesystem",
            "filesystem": {"dir": str(folder / "blocks")},
            "tsdb": {"dir": str(folder / "tsdb")},
            "bucket_store": {"sync_dir": str(folder / "sync")},
        },
        "ingester": {
            "lifecycler": {
                "address": "127.0.0.1",
                "min_ready_duration": "0s",
                "final_sleep": "0s",
                "ring": {**ring, "replication_factor": 1},
            }
        },
        "compactor": {"data_dir": str(folder / "compactor"), "sharding_ring": ring},
        "ruler": {"enable_api": True, "rule_path": str(folder / "rule-path")},
        "ruler_storage": {"backend": "filesystem", "filesystem": {"dir": str(folder / "rules")}},
        "alertmanager": {"external_url": "http://localhost/alertmanager"},
        "alertmanager_storage": {
            "backend": "filesystem",
            "filesystem": {"dir": str(folder / "alertmanager")},
        },
        "limits": {"ruler_max_rules_per_rule_group": 20, "ruler_max_rule_groups_per_tenant": 70},
    }
    path = folder / "cortex.yaml"
    path.write_text(json.dumps(config))
    process = Process([BINARY, f"-config.file={path}"], folder / "log")
    url = f"http://127.0.0.1:{http}"

    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"{url}/ready", timeout=5):
                return True
        except (TimeoutError, OSError):
            return False

    process.start()
    try:
        eventually(ready)
        yield url
    finally:
        process.stop()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the spec is."""
    monkeypatch.chdir(tmp_path)


def write_spec(url: str, tenant: str, slos: int = 0, more: str = "") -> None:
    stack = f"{{url: '{url}', path: /api/v1/rules, tenant: {tenant}, recording: true}}"
    objectives = "".join(
        f"  - {{name: slo-{n}, service: shop, objective: 99, sli: {{nats_lag: {{source: main, "
        f"stream: ORDERS, consumer: c{n}, max_messages: 10}}}}}}\n"
        for n in range(slos)
    )
    listed = f"slos:\n{objectives}" if slos else ""
    Path("obs.yaml").write_text(f"{SPEC}{more}stacks: {{mimir: {stack}}}\n{listed}")


def test_one_changed_number_is_one_line_of_the_plan(
    cortex: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_spec(cortex, "one", slos=2)
    first = run(capsys, *ARGV, "--yes")
    assert first.code == 0, first.err
    check = run(capsys, *ARGV, "--check")
    assert check.code == 0, check.out
    write_spec(cortex, "one", slos=2, more="alerts: {NatsConsumerLagHigh: {for: 7m}}\n")
    shown = run(capsys, *ARGV, "--check").out
    changed = [line.strip() for line in shown.splitlines() if line.startswith(("    +", "    -"))]
    assert changed == ["--- there", "+++ wanted", "-    for: 300.0", "+    for: 420.0"]
    assert run(capsys, *ARGV, "--yes").code == 0
    assert run(capsys, *ARGV, "--check").code == 0


def test_recording_rules_of_66_slos_fit_and_can_be_changed(
    cortex: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (10, 66, 65):
        write_spec(cortex, "many", slos=number)
        outcome = run(capsys, *ARGV, "--yes")
        assert outcome.code == 0, outcome.err
        assert run(capsys, *ARGV, "--check").code == 0


def test_too_many_slos_are_refused_before_anything_is_written(
    cortex: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_spec(cortex, "more", slos=200)
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 2
    assert "the ruler allows 70 a tenant" in outcome.err
    write_spec(cortex, "more")
    outcome = run(capsys, *ARGV, "--check", "--format", "json")
    assert set(outcome.verdicts().values()) == {"create"}
