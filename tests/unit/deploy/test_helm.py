"""The Helm chart: linted, rendered and validated by Helm's own library for seven sets of values."""

import json
import re
import runpy
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from obs import __version__
from obs.alerts import targets as alert_targets
from obs.dashboards import formats
from obs.spec.load import load
from obs.spec.shard import Shard, parsed_shard
from obs.spec.system import System
from tests.unit.alerts.hostile import systems
from tests.unit.deploy.deployed import PORT, ROOT, STATE, UID
from tests.unit.deploy.helm_chart import (
    CHART,
    NAMESPACE,
    RELEASE,
    SETS,
    helm,
    minimal,
    parent_chart,
    refusal,
    rendered,
    values_of,
)
from tests.unit.deploy.manifests import (
    Manifest,
    check_found_by,
    check_restricted,
    containers,
    documents,
    named,
    of_kind,
    pods,
    validate,
)

DOCS = (ROOT / "docs" / "kubernetes-helm.md").read_text(encoding="utf-8")
TABLE = runpy.run_path(str(ROOT / "deploy" / "helm" / "values_table.py"))
OMS = ROOT / "collectors" / "oms.yaml"


@pytest.mark.parametrize("name", SETS)
def test_helm_lints_it_without_a_warning(name: str) -> None:
    report = helm.lint(CHART, values_of(name), strict=True, kube_version="v1.34.0")
    found = [each for each in report["messages"] if each["severity"] > 1]
    assert (found, report["errors"]) == ([], [])


@pytest.mark.parametrize("name", SETS)
def test_what_it_renders_fits_the_schemas(name: str) -> None:
    objects, lease = rendered(values_of(name)), name in ("ha", "shards")
    assert objects
    for each in objects:
        validate(each)
    identities = [(each["kind"], each["metadata"]["name"]) for each in objects]
    assert len(identities) == len(set(identities))
    for pod in pods(objects):
        check_restricted(pod, token=lease)
    assert of_kind(objects, "Secret", "ClusterRole") == []
    assert len(of_kind(objects, "Role", "RoleBinding")) == 2 * lease


def test_the_helm_command_renders_the_same() -> None:
    command = shutil.which("helm")
    if not command:
        pytest.skip("the helm command is not installed; its library renders the chart here")
    for name in SETS:
        done = subprocess.run(
            [
                *(command, "template", RELEASE, str(CHART), "--namespace", NAMESPACE),
                *("--kube-version", "1.34.0", "--values", str(CHART / "ci" / f"{name}.yaml")),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        theirs, ours = documents(done.stdout), rendered(values_of(name))
        assert sorted(map(json.dumps, theirs)) == sorted(map(json.dumps, ours))


def leaves(values: dict[str, Any], schema: dict[str, Any], path: str = "") -> set[str]:
    """Where a value has no schema, or a schema no value: none of them, in any depth."""
    known = schema.get("properties")
    if known is None:
        return set()
    assert schema["additionalProperties"] is False, path
    wrong = {f"{path}{name}" for name in values.keys() ^ known.keys()} - {"global"}
    for name in values.keys() & known.keys():
        if isinstance(values[name], dict):
            wrong |= leaves(values[name], known[name], f"{path}{name}.")
    return wrong


def test_every_value_has_a_schema_and_a_line_in_the_readme() -> None:
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    values = yaml.safe_load(text)
    assert leaves(values, schema) == set()
    readme = (CHART / "README.md").read_text(encoding="utf-8")
    assert TABLE["readme"](readme, text) == readme, "run `make chart`"
    described = set(TABLE["described"](text))
    for name, value in values.items():
        inner = {f"{name}.{key}" for key in value} if isinstance(value, dict) else set()
        assert name in described or (inner and inner <= described), name


def test_it_runs_the_image_of_the_same_release() -> None:
    about = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert about["appVersion"] == __version__


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"colector": {}}, "colector"),
        ({"collector": {"replica": 2}}, "replica"),
        ({"collector": {"replicas": "two"}}, "replicas"),
        ({"image": {"digest": "sha256:short"}}, "digest"),
        ({"serviceAccount": {"awsRoleArn": "role/obs"}}, "awsRoleArn"),
        ({"secretFiles": {"password": "hunter2"}}, "secretFiles"),
        ({"env": {"NATS_PASSWORD": "hunter2"}}, "secretFiles or secretVariables"),
        ({"env": {"push_token": "hunter2"}}, "secretFiles or secretVariables"),
        ({"sidecar": {"env": {"A-B": "c"}}}, "A-B"),
        ({"spec": {}}, "give one of spec, specFiles and specConfigMap; given: none"),
        ({"specConfigMap": "x"}, "given: spec, specConfigMap"),
        ({"rules": {"enabled": True}}, "obs alerts build --target helm-values"),
        ({"rules": {"enabled": True, "files": {"a": "x: 1"}}}, "rules.files.a: not the text"),
        ({"dashboards": {"enabled": True, "files": {"a": "{}"}}}, "dashboards.files.a: not the"),
    ],
)
def test_wrong_values_are_refused_by_name(values: dict[str, Any], words: str) -> None:
    told = refusal({"spec": {"version": 1, "system": "shop"}, **values})
    assert words in told
    assert "hunter2" not in told


def test_a_variable_that_names_a_file_is_no_secret() -> None:
    path = "/run/secrets/obs/nats-password"
    (pod, _) = pods(minimal(env={"NATS_PASSWORD_FILE": path, "NATS_TOKEN": ""}))
    assert {"name": "NATS_PASSWORD_FILE", "value": path} in pod["spec"]["containers"][0]["env"]


def test_it_runs_as_the_image_does() -> None:
    objects = minimal()
    container = named(objects, "StatefulSet", "shop-obs")["spec"]["template"]["spec"]["containers"]
    (only,) = container
    assert STATE in {mount["mountPath"] for mount in only["volumeMounts"]}
    assert [port["containerPort"] for port in only["ports"]] == [PORT]
    assert only["args"] == ["collect", f"--listen=0.0.0.0:{PORT}"]
    assert only["securityContext"]["runAsUser"] == UID
    assert only["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert only["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_each_of_two_collectors_has_its_state_its_node_and_stays_while_the_other_moves() -> None:
    objects = rendered(values_of("ha"))
    (collectors,) = of_kind(objects, "StatefulSet")
    assert collectors["spec"]["replicas"] == 2
    (claim,) = collectors["spec"]["volumeClaimTemplates"]
    pod = collectors["spec"]["template"]
    mounted = {mount["name"] for mount in pod["spec"]["containers"][0]["volumeMounts"]}
    assert claim["metadata"]["name"] in mounted - {each["name"] for each in pod["spec"]["volumes"]}
    (budget,) = of_kind(objects, "PodDisruptionBudget")
    (apart,) = pod["spec"]["affinity"]["podAntiAffinity"].popitem()[1]
    for selector in (budget["spec"]["selector"], apart["labelSelector"]):
        assert selector["matchLabels"].items() <= pod["metadata"]["labels"].items()
    alone = minimal()
    assert of_kind(alone, "PodDisruptionBudget") == []
    assert "affinity" not in of_kind(alone, "StatefulSet")[0]["spec"]["template"]["spec"]


def test_the_pods_of_shards_are_numbered_and_say_of_how_many() -> None:
    (collectors,) = of_kind(rendered(values_of("shards")), "StatefulSet")
    assert collectors["spec"]["replicas"] == 10
    assert "volumeClaimTemplates" not in collectors["spec"]
    (collector,) = containers(collectors["spec"]["template"])
    (given,) = (each for each in collector["args"] if each.startswith("--shard"))
    found = [
        parsed_shard(given.partition("=")[2], f"{collectors['metadata']['name']}-{pod}")
        for pod in range(10)
    ]
    assert found == 2 * [Shard(number, 5) for number in range(1, 6)]


def test_the_spec_arrives_as_it_is_and_restarts_the_pods_when_it_changes() -> None:
    text = OMS.read_text(encoding="utf-8")
    first, second = (rendered({"specFiles": {"oms.yaml": each}}) for each in (text, text + "#\n"))
    (config,) = of_kind(first, "ConfigMap")
    assert config["data"] == {"oms.yaml": text}
    sums = [
        next(pods(each))["metadata"]["annotations"]["checksum/obs-spec"] for each in (first, second)
    ]
    assert sums[0] != sums[1]


@pytest.mark.parametrize("name", ["aws", "ha", "minimal", "sidecars"])
def test_the_spec_is_one_that_obs_reads_where_it_is_mounted(name: str, tmp_path: Path) -> None:
    objects = rendered(values_of(name))
    (config,) = of_kind(objects, "ConfigMap")
    paths = {key: key for key in config["data"]}
    for pod in pods(objects):
        for volume in pod["spec"].get("volumes", ()):
            for item in volume.get("configMap", {}).get("items", ()):
                paths[item["key"]] = item["path"]
    for key, path in paths.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(config["data"][key], encoding="utf-8")
    variables = {"NATS_MONITOR": "http://nats:8222", "OBS_STATE_DIR": STATE}
    system = load([tmp_path], variables=variables)
    assert system.system == "shop"
    if name == "ha":  # Helm reads numbers as floats
        assert system.sources.nats["main"].max_consumers == 1_000_000


def groups(texts: Iterable[str]) -> list[str]:
    """The groups of rule files, comparable."""
    return sorted(json.dumps(each) for text in texts for each in yaml.safe_load(text)["groups"])


def installed_groups(objects: list[Manifest]) -> list[str]:
    """The groups of PrometheusRule objects, as above."""
    rules = of_kind(objects, "PrometheusRule")
    return sorted(json.dumps(each) for one in rules for each in one["spec"]["groups"])


def test_rules_and_dashboards_are_those_that_obs_builds() -> None:
    system = load([OMS], variables={})
    rules = alert_targets.build(system, ["helm-values", "prometheus", "recording"])
    boards = formats.build(system, ["helm-values", "json"])
    values: dict[str, Any] = {"collector": {"enabled": False}}
    for built in (rules["helm-values"], boards["helm-values"]):
        (text,) = built.values()
        values |= helm.values_from_yaml(text)
    objects = rendered(values)
    for each in objects:
        validate(each)
    wanted = groups([*rules["prometheus"].values(), *rules["recording"].values()])
    assert installed_groups(objects) == wanted
    maps = of_kind(objects, "ConfigMap")
    texts = {text for each in maps for text in each["data"].values()}
    assert texts == {text for path, text in boards["json"].items() if path.endswith(".json")}
    assert {each["metadata"]["annotations"]["grafana_folder"] for each in maps} == {"oms"}


@settings(max_examples=5, deadline=None)
@given(systems())
def test_no_name_in_a_rule_is_a_template_for_helm(system: System) -> None:
    rules = alert_targets.build(system, ["helm-values", "prometheus", "recording"])
    (text,) = rules["helm-values"].values()
    objects = rendered({"collector": {"enabled": False}, **helm.values_from_yaml(text)})
    wanted = groups([*rules["prometheus"].values(), *rules["recording"].values()])
    assert installed_groups(objects) == wanted


def test_prometheus_finds_the_collectors() -> None:
    objects = rendered(values_of("ha"))
    assert check_found_by(named(objects, "ServiceMonitor", "shop-obs"), objects) == {"shop-obs"}


@pytest.fixture(scope="module")
def with_sidecar(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """The chart of another application, as docs/kubernetes-helm.md shows it."""
    blocks = re.findall(
        r"^```yaml\+jinja\n# processor/(\S+)\n(.*?)^```", DOCS, re.DOTALL | re.MULTILINE
    )
    texts = dict(blocks)
    chart = parent_chart(tmp_path_factory.mktemp("charts"), texts["values.yaml"])
    (chart / "templates" / "deployment.yaml").write_text(texts["templates/deployment.yaml"])
    return rendered({}, chart)


def test_the_sidecar_in_another_chart_fits_the_schemas(with_sidecar: list[Manifest]) -> None:
    for each in with_sidecar:
        validate(each)
    kinds = sorted(each["kind"] for each in with_sidecar)
    assert kinds == ["ConfigMap", "Deployment", "Service", "ServiceMonitor"]
    monitor = named(with_sidecar, "ServiceMonitor", "shop-obs")
    assert check_found_by(monitor, with_sidecar) == {"shop-obs-sidecars"}


def test_a_sidecar_takes_no_application_out_of_service(with_sidecar: list[Manifest]) -> None:
    (pod,) = pods(with_sidecar)
    (sidecar,) = pod["spec"]["initContainers"]
    assert sidecar["restartPolicy"] == "Always"
    assert sidecar["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert {"readinessProbe", "startupProbe"}.isdisjoint(sidecar)
    assert [each["containerPort"] for each in sidecar["ports"]] == [PORT]
    assert "--only=nats" in sidecar["args"]
    there = {each["name"]: each for each in pod["spec"]["volumes"]}
    assert {mount["name"] for mount in sidecar["volumeMounts"]} <= there.keys()
    name = there["obs-spec"]["configMap"]["name"]
    named(with_sidecar, "ConfigMap", name)
    # Readable without a group of the pod's own.
    assert there["obs-secrets"]["projected"]["defaultMode"] == 0o444
    assert len(containers(pod)) == 2
