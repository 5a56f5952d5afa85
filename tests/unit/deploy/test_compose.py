"""The compose file: its schema, its files, and that its parts know each other."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml

from tests.unit.deploy.deployed import DEPLOY, PORT, STATE, parsed, read

FOLDER = DEPLOY / "compose"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = parsed("compose/compose.yaml")
    return found


def test_it_is_what_the_compose_specification_says(compose: dict[str, Any]) -> None:
    compose_spec.PyCompose.from_yaml(yaml.safe_dump(compose))  # safe_dump writes no merge keys
    with pytest.raises(ValueError, match="imagee"):
        compose_spec.PyCompose.from_yaml("services: {a: {imagee: b}}")


def test_every_image_has_a_version(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["image"].rpartition(":")[2][0] in "v0123456789"


def test_every_container_is_confined_and_bounded(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert name == "nats-volume" or "mem_limit" in service, name


def test_nothing_listens_beyond_this_machine(compose: dict[str, Any]) -> None:
    ports = [port for each in compose["services"].values() for port in each.get("ports", ())]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_every_file_that_is_mounted_is_there_or_made_by_the_script(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    made = secrets(tmp_path)
    for name, secret in compose["secrets"].items():
        assert Path(secret["file"]).name in made, name
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or (FOLDER / source).exists(), source
        for secret in service.get("secrets", ()):
            assert (secret if isinstance(secret, str) else secret["source"]) in compose["secrets"]


def test_passwords_are_made_once_and_differ(tmp_path: Path) -> None:
    first = secrets(tmp_path)
    assert secrets(tmp_path) == first
    passwords = [first[f"{name}-password"] for name in ("nats", "oms", "grafana")]
    assert len({*passwords}) == 3
    assert [len(each) for each in passwords] == [48, 48, 48]
    assert first["nats-password"] in first["users.conf"]
    assert "_PASSWORD" not in first["users.conf"]
    assert oct((tmp_path / "compose" / "secrets").stat().st_mode)[-3:] == "700"


def test_the_collector_finds_spec_state_and_secrets_where_the_spec_looks(
    compose: dict[str, Any],
) -> None:
    collector = compose["services"]["collector"]
    assert f"obs:{STATE}" in collector["volumes"]
    assert collector["environment"]["NATS_PASSWORD_FILE"] == "/run/secrets/nats-password"
    assert collector["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert set(collector["secrets"]) == {"nats-password", "aws-credentials"}


def test_prometheus_scrapes_the_collector_and_tells_alertmanager(compose: dict[str, Any]) -> None:
    config = parsed("prometheus/prometheus.yml")
    targets = {
        job["job_name"]: job["static_configs"][0]["targets"][0] for job in config["scrape_configs"]
    }
    assert targets["obs"] == f"collector:{PORT}"
    (alertmanagers,) = config["alerting"]["alertmanagers"]
    addresses = [*targets.values(), *alertmanagers["static_configs"][0]["targets"]]
    hosts = {target.partition(":")[0] for target in addresses} - {"localhost"}
    assert hosts <= set(compose["services"])


def test_alertmanager_has_every_secret_that_its_configuration_names(
    compose: dict[str, Any],
) -> None:
    config = (DEPLOY.parent / "alerts/alertmanager/alertmanager.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r"/etc/alertmanager/secrets/[\w-]+", config))
    service = compose["services"]["alertmanager"]
    assert named == {secret["target"] for secret in service["secrets"]}


def test_grafana_reads_the_dashboards_where_they_are_mounted(compose: dict[str, Any]) -> None:
    provisioned = (DEPLOY.parent / "dashboards/provisioning/obs-oms.yaml").read_text("utf-8")
    (provider,) = yaml.safe_load(provisioned)["providers"]
    mounts = [volume.split(":")[1] for volume in compose["services"]["grafana"]["volumes"]]
    assert provider["options"]["path"] in mounts
    (source,) = parsed("grafana/datasources/prometheus.yaml")["datasources"]
    rules = (DEPLOY.parent / "alerts/grafana/rules.yaml").read_text(encoding="utf-8")
    assert f"datasourceUid: {source['uid']}" in rules
    scrape = parsed("prometheus/prometheus.yml")["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scrape


def secrets(folder: Path) -> dict[str, str]:
    """What the script makes, by name; run in a copy of the folders that it needs."""
    for name in ("compose/secrets.sh", "nats/users.conf.example"):
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(read(name), encoding="utf-8")
    script = folder / "compose" / "secrets.sh"
    environment = {"PATH": os.environ["PATH"]}
    subprocess.run(["/bin/sh", str(script)], check=True, env=environment)
    return {file.name: file.read_text() for file in (script.parent / "secrets").iterdir()}


def test_what_is_secret_is_not_committed() -> None:
    assert yaml.safe_load(read("compose/.gitignore")) == "secrets/"
