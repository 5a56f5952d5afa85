"""ECS, systemd, Prometheus, Alertmanager, NATS and the OpenTelemetry Collector."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from obs.iam.policy import document
from obs.iam.policy_options import PolicyOptions
from obs.iam.roles import policy_for
from obs.sandbox.nats_server import server_binary
from obs.spec.load import read_spec
from obs.tracing import names as span_names
from tests.unit.deploy.deployed import DEPLOY, PORT, ROOT, STATE, UID, parsed, read

OMS = ROOT / "collectors" / "oms.yaml"


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


def run(*command: str | Path) -> str:
    """What a command says; raises where it finds fault."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def ecs() -> dict[str, Any]:
    from cfnlint.decode import decode  # slow, so not in each worker

    template, _ = decode(str(DEPLOY / "ecs" / "sidecar.yaml"))
    found: dict[str, Any] = json.loads(json.dumps(template))
    return found


@pytest.fixture(scope="module")
def containers(ecs: dict[str, Any]) -> dict[str, Any]:
    task = ecs["Resources"]["Task"]["Properties"]
    return {each["Name"]: each for each in task["ContainerDefinitions"]}


def test_cfn_lint_finds_no_fault_in_the_ecs_template() -> None:
    from cfnlint.api import ManualArgs, lint

    found = lint(read("ecs/sidecar.yaml"), config=ManualArgs(include_checks=["I"]))
    assert [str(match) for match in found] == []


def test_an_application_on_ecs_outlives_its_side_container(containers: dict[str, Any]) -> None:
    assert containers["application"]["Essential"] is True
    assert containers["obs"]["Essential"] is False
    assert containers["obs"]["RestartPolicy"]["Enabled"] is True
    assert "/healthz" in containers["obs"]["HealthCheck"]["Command"][-1]


def test_containers_of_ours_on_ecs_are_confined(containers: dict[str, Any]) -> None:
    for name in ("obs", "secret"):
        assert containers[name]["User"] == f"{UID}:{UID}"
        assert containers[name]["ReadonlyRootFilesystem"] is True
        assert containers[name]["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
        assert containers[name]["MountPoints"][0]["ContainerPath"] == STATE
    assert containers["obs"]["PortMappings"][0]["ContainerPort"] == PORT
    assert "Secrets" not in containers["obs"]


def test_the_secret_is_written_where_only_the_collector_reads_it(
    containers: dict[str, Any], tmp_path: Path
) -> None:
    container, file = containers["secret"], tmp_path / "nats-password"
    entry, option = container["EntryPoint"]
    assert (entry, option) == ("python", "-c")
    environment = {"NATS_PASSWORD": "hunter2", "NATS_PASSWORD_FILE": str(file)}
    for _ in range(2):  # a task that is restarted has it already
        subprocess.run([sys.executable, option, *container["Command"]], env=environment, check=True)
    assert file.read_text() == "hunter2"
    assert oct(file.stat().st_mode)[-3:] == "600"
    values = {each["Name"]: each["Value"] for each in container["Environment"]}
    same = {each["Name"]: each["Value"] for each in containers["obs"]["Environment"]}
    assert values["NATS_PASSWORD_FILE"] == same["NATS_PASSWORD_FILE"]


def test_the_task_may_do_what_obs_iam_policy_prints_for_a_side_container(
    ecs: dict[str, Any],
) -> None:
    policy = policy_for("collector", read_spec([OMS]).system, PolicyOptions(kinds={"nats"}))
    (written,) = ecs["Resources"]["TaskRole"]["Properties"]["Policies"]
    assert written["PolicyDocument"] == document(policy)


def settings(section: str) -> list[tuple[str, str]]:
    """Names and values of a section of the systemd unit."""
    text = read("systemd/obs.service").partition(f"[{section}]")[2].partition("\n[")[0]
    return re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)


@needs("systemd-analyze")
def test_systemd_takes_the_unit_and_rates_its_exposure_low(tmp_path: Path) -> None:
    unit = tmp_path / "obs.service"
    # It wants the program to be there.
    text = read("systemd/obs.service").replace("/opt/obs/bin/obs", sys.executable)
    unit.write_text(text, encoding="utf-8")
    assert "obs.service" not in run("systemd-analyze", "verify", unit)
    said = run("systemd-analyze", "security", "--offline=yes", "--no-pager", unit)
    rated = re.search(r"exposure level for obs.service: ([\d.]+)", said)
    assert rated
    assert float(rated.group(1)) <= 1.5


def test_the_unit_s_user_owns_its_state_and_nothing_else() -> None:
    found = settings("Service")
    assert ("DynamicUser", "yes") in found
    assert ("StateDirectory", "obs") in found
    assert ("Environment", "OBS_STATE_DIR=%S/obs") in found
    assert ("Environment", "NATS_PASSWORD_FILE=%d/nats-password") in found
    assert ("LoadCredential", "nats-password:/etc/obs/credentials/nats-password") in found


@needs("promtool")
def test_promtool_takes_the_configuration_with_our_rules(tmp_path: Path) -> None:
    mounted = str(ROOT / "alerts" / "prometheus")
    text = read("prometheus/prometheus.yml").replace("/etc/prometheus/rules", mounted)
    file = tmp_path / "prometheus.yml"
    file.write_text(text, encoding="utf-8")
    said = run("promtool", "check", "config", file)
    assert said.count("rules found") == len(list(Path(mounted).glob("*.yaml")))


@needs("amtool")
def test_amtool_takes_the_alertmanager_configuration_that_is_mounted() -> None:
    run("amtool", "check-config", ROOT / "alerts" / "alertmanager" / "alertmanager.yaml")


def test_nats_takes_its_configuration(tmp_path: Path) -> None:
    for name, target in (("nats.conf", "nats.conf"), ("users.conf.example", "users.conf")):
        (tmp_path / target).write_text(read(f"nats/{name}"), encoding="utf-8")
    assert "is valid" in run(server_binary(), "-t", "-c", tmp_path / "nats.conf")


def otel_parts(kind: str) -> set[str]:
    return set(parsed("otel/collector.yaml")[kind])


def test_otel_pipelines_use_every_part_that_is_there_and_no_other() -> None:
    config = parsed("otel/collector.yaml")
    pipelines = config["service"]["pipelines"].values()
    for kind in ("receivers", "processors", "exporters"):
        assert {name for each in pipelines for name in each[kind]} == otel_parts(kind)
    assert set(config["service"]["extensions"]) == otel_parts("extensions")
    for pipeline in pipelines:  # its documentation: the first, so that it can refuse
        assert pipeline["processors"][0] == "memory_limiter"


def test_otel_traces_use_the_parts_of_the_collector_and_connect_to_its_store() -> None:
    base, traces = parsed("otel/collector.yaml"), parsed("otel/traces.yaml")
    pipelines = traces["service"]["pipelines"]
    connectors = set(traces["connectors"])
    known = {
        kind: set(base[kind]) | set(traces.get(kind, {})) | connectors
        for kind in ("receivers", "processors", "exporters")
    }
    for pipeline in pipelines.values():
        assert pipeline["processors"][0] == "memory_limiter"
        for kind, names in pipeline.items():
            assert set(names) <= known[kind]
    assert connectors == {"spanmetrics"}
    assert "spanmetrics" in pipelines["traces"]["exporters"]
    assert pipelines["metrics/spans"]["receivers"] == ["spanmetrics"]
    dimensions = {one["name"] for one in traces["connectors"]["spanmetrics"]["dimensions"]}
    assert dimensions <= {value for name, value in vars(span_names).items() if name.isupper()}


@needs("otelcol-contrib")
@pytest.mark.parametrize("files", [("collector.yaml",), ("collector.yaml", "traces.yaml")])
def test_otelcol_takes_its_configuration(
    files: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMOTE_WRITE_URL", "http://mimir:8080/api/v1/push")
    monkeypatch.setenv("TRACES_URL", "http://tempo:4318")
    configs = [f"--config={ROOT / 'deploy' / 'otel' / file}" for file in files]
    run("otelcol-contrib", "validate", *configs)


@needs("promtool")
def test_otel_scrapes_as_prometheus_does(tmp_path: Path) -> None:
    scrapes = parsed("otel/collector.yaml")["receivers"]["prometheus"]["config"]
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump(scrapes), encoding="utf-8")
    run("promtool", "check", "config", file)
    (job,) = scrapes["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"collector:{PORT}"]}]


def test_otel_listens_where_the_spec_s_example_pushes_to() -> None:
    protocols = parsed("otel/collector.yaml")["receivers"]["otlp"]["protocols"]
    ports = {name: each["endpoint"].rpartition(":")[2] for name, each in protocols.items()}
    assert ports == {"http": "4318", "grpc": "4317"}
    assert "localhost:4318" in OMS.read_text(encoding="utf-8")


def test_every_variable_of_the_spec_is_set_on_every_platform() -> None:
    asked = set(re.findall(r"\$\{(NATS_[A-Z_]+)", OMS.read_text(encoding="utf-8")))
    assert {"NATS_MONITOR", "NATS_URL", "NATS_PASSWORD_FILE"} <= asked
    for path in ("compose/compose.yaml", "kubernetes/sidecar/sidecar.yaml", "ecs/sidecar.yaml"):
        given = set(re.findall(r"\b(NATS_[A-Z_]+)", read(path)))
        assert {"NATS_MONITOR", "NATS_URL", "NATS_PASSWORD_FILE"} <= given, path
        assert given <= asked | {"NATS_PASSWORD"}, path
