"""What is built for each way into Grafana."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from kubernetes_validate import latest_version, validate

from obs.dashboards.build import Board, boards
from obs.dashboards.formats import (
    DEFAULT,
    MOST_BYTES,
    TARGETS,
    build,
    bytes_applied,
    config_map,
    dashboard_resource,
    grafana_dashboard,
    problems,
    text_of,
)
from obs.errors import BadInput
from obs.spec.system import System

SPEC: dict[str, Any] = {
    "version": 1,
    "system": "Orders_v2",
    "sources": {"nats": {"main": {"monitor": ["http://nats:8222"]}}},
}
NAMES = {
    "type": "string",
    "maxLength": 253,
    "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
}
LABELS = {"type": "object", "additionalProperties": {"type": "string"}}
GRAFANA_DASHBOARD = {
    "type": "object",
    "properties": {
        "apiVersion": {"const": "grafana.integreatly.org/v1beta1"},
        "kind": {"const": "GrafanaDashboard"},
        "metadata": {
            "type": "object",
            "properties": {"name": NAMES, "namespace": NAMES},
            "required": ["name"],
            "additionalProperties": False,
        },
        "spec": {
            "type": "object",
            "properties": {
                "instanceSelector": {
                    "type": "object",
                    "properties": {"matchLabels": LABELS},
                    "additionalProperties": False,
                },
                "folder": {"type": "string"},
                "folderUID": {"type": "string"},
                "folderRef": {"type": "string"},
                "json": {"type": "string"},
            },
            "required": ["instanceSelector", "json"],
            "oneOf": [{"required": [name]} for name in ("folder", "folderUID", "folderRef")],
            "additionalProperties": False,
        },
    },
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "additionalProperties": False,
}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"folder": "Events: “ours”", "namespace": "monitoring", "labels": {}},
    {"folder_uid": "events", "instances": {"grafana": "main"}, "path": "/dashboards"},
    {"folder_ref": "events", "labels": {"team": "orders"}},
]


def system_with(**options: Any) -> System:
    return System.model_validate({**SPEC, "targets": {"dashboards": options}})


@pytest.fixture(scope="module")
def built() -> tuple[Board, ...]:
    return boards(system_with())


def documents(options: dict[str, Any], target: str) -> dict[str, Any]:
    files = build(system_with(**options), [target])[target]
    return {path: yaml.safe_load(text) for path, text in files.items()}


def test_a_json_file_is_the_dashboard_and_nothing_else(built: tuple[Board, ...]) -> None:
    files = build(system_with(), ["json"])["json"]
    boards = {path: json.loads(text) for path, text in files.items() if path.endswith(".json")}
    assert boards == {f"json/{board.page}.json": board.json for board in built}


def test_the_file_for_dashboard_linter_names_each_exception_with_its_reason() -> None:
    exclusions = yaml.safe_load(build(system_with(), ["json"])["json"]["json/.lint"])["exclusions"]
    assert set(exclusions) == {"target-instance-rule", "template-instance-rule", "target-job-rule"}
    assert all(each["reason"] for each in exclusions.values())
    assert {each["panel"] for each in exclusions["target-job-rule"]["entries"]} == {
        *("Critical alerts", "Warnings", "Firing alerts"),
    }


@pytest.mark.parametrize("target", TARGETS)
def test_two_builds_have_the_same_bytes(target: str) -> None:
    assert build(system_with(), [target]) == build(system_with(), [target])


def test_all_targets_fit_into_one_folder() -> None:
    files = build(system_with(), DEFAULT)
    paths = [path for each in files.values() for path in each]
    assert len(paths) == len(set(paths))


def test_the_provider_leads_grafana_to_the_json_files() -> None:
    (document,) = documents({"folder": "Events"}, "provisioning").values()
    assert document == {
        "apiVersion": 1,
        "providers": [
            {
                "name": "obs-Orders_v2",
                "orgId": 1,
                "type": "file",
                "folder": "Events",
                "disableDeletion": False,
                "allowUiUpdates": False,
                "updateIntervalSeconds": 30,
                "options": {"path": "/var/lib/grafana/dashboards/Orders_v2"},
            }
        ],
    }
    (elsewhere,) = documents({"folder_uid": "events", "path": "/d"}, "provisioning").values()
    (provider,) = elsewhere["providers"]
    assert (provider["folderUid"], provider["options"]) == ("events", {"path": "/d"})


@pytest.mark.parametrize("options", OPTIONS)
def test_a_config_map_is_one_that_kubernetes_takes(options: dict[str, Any]) -> None:
    for document in documents(options, "configmap").values():
        validate(document, latest_version(), strict=True)


def test_a_config_map_holds_its_dashboard_under_a_name_of_its_own(
    built: tuple[Board, ...],
) -> None:
    found = documents({"folder": "Events", "namespace": "monitoring"}, "configmap")
    assert len(found) == len(built)
    for board in built:
        document = found[f"configmap/{board.page}.yaml"]
        assert document["metadata"] == {
            "name": f"obs-orders-v2-production-3cfd60d2-{board.page}".replace("_", "-"),
            "namespace": "monitoring",
            "labels": {"grafana_dashboard": "1"},
            "annotations": {"grafana_folder": "Events"},
        }
        assert json.loads(document["data"][f"{board.uid}.json"]) == board.json


@pytest.mark.parametrize("options", OPTIONS)
def test_an_operators_object_has_the_structure_of_its_custom_resource(
    options: dict[str, Any], built: tuple[Board, ...]
) -> None:
    for document in documents(options, "operator").values():
        errors = Draft202012Validator(GRAFANA_DASHBOARD).iter_errors(document)
        assert [error.message for error in errors] == []
        assert json.loads(document["spec"]["json"]) in [board.json for board in built]


def test_an_operators_object_names_its_folder_in_the_way_that_is_given(
    built: tuple[Board, ...],
) -> None:
    def spec(**options: Any) -> dict[str, Any]:
        whole = grafana_dashboard(built[0], system_with(**options))["spec"]
        return {name: value for name, value in whole.items() if name != "json"}

    anywhere = {"matchLabels": {"dashboards": "grafana"}}
    assert spec() == {"instanceSelector": anywhere, "folder": "Orders_v2"}
    assert spec(folder_uid="u") == {"instanceSelector": anywhere, "folderUID": "u"}
    assert spec(folder_ref="r", folder_uid="u")["folderRef"] == "r"
    chosen = spec(instances={"grafana": "main", "a": "b"})["instanceSelector"]
    assert chosen == {"matchLabels": {"a": "b", "grafana": "main"}}


def test_a_resource_is_in_the_folder_that_comes_with_it() -> None:
    found = documents({"folder": "Events"}, "resource")
    folder = found.pop("resource/folder.json")
    assert (folder["kind"], folder["spec"]) == ("Folder", {"title": "Events"})
    for document in found.values():
        assert document["apiVersion"] == "dashboard.grafana.app/v1beta1"
        assert document["kind"] == "Dashboard"
        assert document["metadata"] == {
            "name": document["spec"]["uid"],
            "annotations": {"grafana.app/folder": folder["metadata"]["name"]},
        }


def test_a_folder_that_is_there_is_not_built(built: tuple[Board, ...]) -> None:
    assert "resource/folder.json" not in documents({"folder_uid": "events"}, "resource")
    resource = dashboard_resource(built[0], system_with(folder_uid="events"))
    assert resource["metadata"]["annotations"] == {"grafana.app/folder": "events"}
    assert resource["spec"] == built[0].json


def test_an_object_too_large_for_kubernetes_is_refused_before_anything_is_written(
    built: tuple[Board, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    large = replace(built[0], json={**built[0].json, "description": ">" * 44_000})
    monkeypatch.setattr("obs.dashboards.formats.boards", lambda system: (large,))
    assert len(json.dumps(config_map(large, system_with()))) < MOST_BYTES
    assert bytes_applied(config_map(large, system_with())) > MOST_BYTES
    for target in ("configmap", "operator"):
        with pytest.raises(BadInput, match=rf"{target}/overview.yaml: has \d+ bytes"):
            build(system_with(), [target])
    assert build(system_with(), ["json"])["json"]["json/overview.json"] == text_of(large)


def test_dashboards_that_grafana_would_not_take_together_are_refused(
    built: tuple[Board, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(problems(built)) == []
    board = built[0]
    twice = {**board.json, "panels": [board.json["panels"][0]] * 2, "uid": "a.b"}
    found = [*built, replace(board, json=twice, uid="a.b")]
    monkeypatch.setattr("obs.dashboards.formats.boards", lambda system: found)
    title = f"dashboards: several have the title {board.title!r}"
    with pytest.raises(BadInput, match=re.escape(f"target json is not built: {title} (and 3 more")):
        build(system_with(), ["json"])
    number = board.json["panels"][0]["id"]
    assert list(problems(found)) == [
        f"dashboards: several have the title {board.title!r}",
        "dashboards: several have the page 'overview'",
        "dashboard a.b: a uid consists of at most 40 letters, digits, _ and -",
        f"dashboard a.b: 2 panels have the id {number}",
    ]


def test_a_uid_that_stands_twice_is_told(built: tuple[Board, ...]) -> None:
    other = replace(built[1], uid=built[0].uid)
    assert list(problems([built[0], other])) == [
        f"dashboards: several have the uid {built[0].uid!r}",
        f"dashboard {built[0].uid}: its JSON has another uid or title",
    ]


def test_a_target_that_does_not_exist_is_told() -> None:
    with pytest.raises(BadInput, match=r"--target confimap: .*did you mean configmap\?"):
        build(system_with(), ["confimap"])
