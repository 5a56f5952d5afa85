"""The manifests: as written and as kustomize builds them, against Kubernetes' own schema."""

import json
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from tests.unit.deploy.deployed import DEPLOY, PORT, ROOT, STATE, UID
from tests.unit.deploy.manifests import (
    Manifest,
    check_found_by,
    check_restricted,
    documents,
    named,
    pods,
    validate,
)

FOLDER = DEPLOY / "kubernetes"
PRODUCTION = FOLDER / "overlays" / "production"


def written() -> list[Manifest]:
    """Every object as it is in its file, before kustomize."""
    files = sorted(FOLDER.rglob("*.yaml"))
    found = [each for file in files for each in documents(file.read_text(encoding="utf-8"))]
    return [each for each in found if each["kind"] not in {"Kustomization", "Component"}]


@pytest.fixture(scope="module")
def built() -> list[Manifest]:
    """What `kubectl apply -k` would send."""
    return kustomized(PRODUCTION)


def kustomized(folder: Path) -> list[Manifest]:
    tool = shutil.which("kustomize")
    command = [tool, "build"] if tool else ["kubectl", "kustomize"]
    if not tool and not shutil.which("kubectl"):
        pytest.skip("neither kubectl nor kustomize is installed")
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return documents(done.stdout)


def test_every_file_fits_kubernetes_schema() -> None:
    for manifest in written():
        if manifest["metadata"]["name"] != "oms-processor" or "replicas" in manifest["spec"]:
            validate(manifest)


def test_what_kustomize_builds_fits_kubernetes_schema(built: list[Manifest]) -> None:
    assert len(built) == 11
    for manifest in built:
        validate(manifest)


def test_that_check_sees_a_field_that_does_not_exist() -> None:
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {}, "spec": {"port": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(wrong)


def side_container(objects: list[Manifest]) -> Manifest:
    pod = max(
        (each["spec"]["template"]["spec"] for each in objects if each["kind"] == "Deployment"),
        key=lambda spec: len(spec.get("initContainers", ())),
    )
    found: Manifest
    (found,) = pod["initContainers"]
    return found


def test_a_collector_that_is_not_ready_takes_no_application_out_of_service() -> None:
    container = side_container(written())
    assert container["restartPolicy"] == "Always"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    # The application would wait for the one, and go out of service with the other.
    assert {"readinessProbe", "startupProbe"}.isdisjoint(container)


def test_a_collector_of_its_own_may_say_that_it_is_not_ready() -> None:
    deployment = named(written(), "Deployment", "obs-aws")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    service = named(written(), "Service", "obs-aws")
    assert service["spec"]["publishNotReadyAddresses"] is True


def test_two_collectors_never_share_a_state() -> None:
    deployment = named(written(), "Deployment", "obs-aws")
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"]["type"] == "Recreate"


def test_two_collectors_keep_a_lease_and_each_its_own_state() -> None:
    found = kustomized(FOLDER / "overlays" / "two-collectors")
    for manifest in found:
        validate(manifest)
    kinds = {each["kind"] for each in found}
    assert {"Role", "RoleBinding"} < kinds
    assert "PersistentVolumeClaim" not in kinds
    deployment = named(found, "Deployment", "obs-aws")["spec"]
    assert (deployment["replicas"], deployment["strategy"]["type"]) == (2, "RollingUpdate")
    pod = deployment["template"]["spec"]
    check_restricted(deployment["template"], token=True)
    assert pod["automountServiceAccountToken"] is True
    (state,) = (each for each in pod["volumes"] if each["name"] == "state")
    assert state.keys() == {"name", "emptyDir"}
    (config,) = (each for each in found if each["kind"] == "ConfigMap")
    lease = yaml.safe_load(config["data"]["ha.yaml"])["ha"]["lease"]
    assert lease == {"kubernetes": {"name": "obs"}}


def test_every_container_is_within_the_restricted_standard(built: list[Manifest]) -> None:
    for pod in pods(built):
        check_restricted(pod)


def test_collectors_run_as_their_image_s_user_with_the_state_where_it_is() -> None:
    (container,) = named(written(), "Deployment", "obs-aws")["spec"]["template"]["spec"][
        "containers"
    ]
    for each in (container, side_container(written())):
        assert STATE in {mount["mountPath"] for mount in each["volumeMounts"]}
        assert [port["containerPort"] for port in each["ports"]] == [PORT]
        assert each["args"][-2:] == ["--listen", f"0.0.0.0:{PORT}"]
    assert side_container(written())["securityContext"]["runAsUser"] == UID


def test_no_service_account_has_rights_in_the_cluster(built: list[Manifest]) -> None:
    assert not [each for each in built if each["kind"].endswith(("Role", "RoleBinding"))]
    account = named(built, "ServiceAccount", "obs")
    assert account["automountServiceAccountToken"] is False


def test_the_config_map_is_the_spec_and_its_name_changes_with_it(built: list[Manifest]) -> None:
    (config,) = (each for each in built if each["kind"] == "ConfigMap")
    spec = (ROOT / "collectors" / "oms.yaml").read_text(encoding="utf-8")
    assert config["data"] == {"oms.yaml": spec}
    name = config["metadata"]["name"]
    assert name.startswith("obs-spec-")
    used = json.dumps([each for each in built if each["kind"] == "Deployment"])
    assert used.count(f'"configMap": {{"name": "{name}"}}') == 2


def test_prometheus_finds_every_collector(built: list[Manifest]) -> None:
    monitor = named(built, "ServiceMonitor", "obs")
    assert check_found_by(monitor, built) == {"obs-aws", "obs-sidecars"}
