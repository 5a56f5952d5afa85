"""What can be built of a system's dashboards: a form for each way into Grafana, and their files."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from obs.alerts.writers.grafana import in_file
from obs.alerts.writers.operator import object_name
from obs.artifacts import Built, Files, build_each, yaml_text
from obs.dashboards.build import Board, boards
from obs.dashboards.linter_file import FILE, linter_file
from obs.dashboards.normalise import every_panel
from obs.dashboards.written_v2 import API_VERSION, spec_v2
from obs.errors import BadInput
from obs.ids import folder_uid
from obs.spec.report import did_you_mean
from obs.spec.system import System

DashboardDocument = dict[str, Any]
Writer = Callable[[Sequence[Board], System], Files]

MOST_BYTES: Final = 262_144
"""What Kubernetes keeps of annotations; `kubectl apply` puts a whole object into one."""

_HEAD: Final = "# Built by `obs dashboards build`; change the spec and build again.\n"
_UID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


def build(system: System, names: Sequence[str]) -> Mapping[str, Files]:
    """The files of these targets, by target. Raises BadInput where there is no such target, or
    where Grafana or Kubernetes would not take what was built.
    """
    return build_targets(system, names).whole()


def build_targets(system: System, names: Sequence[str]) -> Built:
    """The files of those of the targets that can be built; none where Grafana would not take the
    dashboards together. Raises BadInput where there is no such target.
    """
    for name in names:
        if name not in TARGETS:
            hint = did_you_mean(name, TARGETS) or f"; choose from {', '.join(TARGETS)}"
            raise BadInput(f"--target {name}: unknown target{hint}")
    built = boards(system)
    wrong = "\n".join(problems(built))

    def written(name: str) -> Files:
        if wrong:
            raise BadInput(wrong)
        return TARGETS[name](built, system)

    return build_each({name: partial(written, name) for name in names})


def problems(built: Sequence[Board]) -> Iterator[str]:
    """Why Grafana would not take these dashboards together: one doubled uid or title stops the
    provisioning of all.
    """
    for what, values in (
        ("uid", [board.uid for board in built]),
        ("title", [board.title for board in built]),
        ("page", [board.page for board in built]),
    ):
        doubled = [value for value, number in Counter(values).items() if number > 1]
        yield from (f"dashboards: several have the {what} {value!r}" for value in doubled)
    for board in built:
        yield from _problems_of(board)


def text_of(board: Board) -> str:
    """The dashboard as a JSON file; the same bytes for the same dashboard."""
    return _json_text(board.json)


def _problems_of(board: Board) -> Iterator[str]:
    if not _UID.fullmatch(board.uid):
        yield f"dashboard {board.uid}: a uid consists of at most 40 letters, digits, _ and -"
    if (board.json.get("uid"), board.json.get("title")) != (board.uid, board.title):
        yield f"dashboard {board.uid}: its JSON has another uid or title"
    ids = Counter(panel.get("id") for panel in every_panel(board.json["panels"]))
    yield from (
        f"dashboard {board.uid}: {number} panels have the id {each}"
        for each, number in ids.items()
        if number > 1
    )


def _json(built: Sequence[Board], system: System) -> Files:
    """With the exceptions for dashboard-linter, which looks for them beside the dashboard."""
    files = {f"json/{board.page}.json": text_of(board) for board in built}
    return {**files, f"json/{FILE}": linter_file(built)}


def _provisioning(built: Sequence[Board], system: System) -> Files:
    """A provider for the files of the target `json`, copied to where it says."""
    options = system.targets.dashboards
    folder = {"folderUid": options.folder_uid} if options.folder_uid else {}
    provider = {
        "name": f"obs-{system.system}",
        "orgId": system.targets.grafana.org,
        "type": "file",
        "folder": in_file(_folder(system)),
        **folder,
        "disableDeletion": False,
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        "options": {
            "path": in_file(options.path or f"/var/lib/grafana/dashboards/{system.system}")
        },
    }
    document = {"apiVersion": 1, "providers": [provider]}
    return {f"provisioning/obs-{system.system}.yaml": yaml_text(document, head=_HEAD)}


def _config_maps(built: Sequence[Board], system: System) -> Files:
    """The sidecar writes all files of all ConfigMaps into one folder: names hold the uid."""
    return {
        path: _kubernetes_text(path, config_map(board, system))
        for board in built
        for path in (f"configmap/{board.page}.yaml",)
    }


def config_map(board: Board, system: System) -> DashboardDocument:
    """A ConfigMap that the sidecar of Grafana's Helm chart picks up."""
    options = system.targets.dashboards
    metadata = _metadata(board, system)
    if options.labels:
        metadata["labels"] = dict(sorted(options.labels.items()))
    metadata["annotations"] = {"grafana_folder": _folder(system)}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {f"{board.uid}.json": text_of(board)},
    }


def _helm_values(built: Sequence[Board], system: System) -> Files:
    """Values of deploy/helm/obs, which makes ConfigMaps of them."""
    options = system.targets.dashboards
    for board in built:
        _kubernetes_text(f"helm-values: {board.page}", config_map(board, system))
    document = {
        "dashboards": {
            "enabled": True,
            "folder": _folder(system),
            "labels": dict(sorted(options.labels.items())),
            "files": {board.page: text_of(board) for board in built},
        }
    }
    return {"helm-values/dashboards.yaml": yaml_text(document, head=_HEAD)}


def _operator(built: Sequence[Board], system: System) -> Files:
    return {
        path: _kubernetes_text(path, grafana_dashboard(board, system))
        for board in built
        for path in (f"operator/{board.page}.yaml",)
    }


def grafana_dashboard(board: Board, system: System) -> DashboardDocument:
    """A GrafanaDashboard for grafana-operator, which takes one way to name a folder only."""
    options = system.targets.dashboards
    folder = {"folder": _folder(system)}
    if options.folder_uid:
        folder = {"folderUID": options.folder_uid}
    if options.folder_ref:
        folder = {"folderRef": options.folder_ref}
    return {
        "apiVersion": "grafana.integreatly.org/v1beta1",
        "kind": "GrafanaDashboard",
        "metadata": _metadata(board, system),
        "spec": {
            "instanceSelector": {"matchLabels": dict(sorted(options.instances.items()))},
            **folder,
            "json": text_of(board),
        },
    }


def _resources(built: Sequence[Board], system: System) -> Files:
    return _in_folder("resource", dashboard_resource, built, system)


def _resources_v2(built: Sequence[Board], system: System) -> Files:
    return _in_folder("resource-v2", dashboard_resource_v2, built, system)


def _in_folder(
    target: str,
    resource: Callable[[Board, System], DashboardDocument],
    built: Sequence[Board],
    system: System,
) -> Files:
    """Resources with their folder, unless the spec says that it is there."""
    files = {f"{target}/{board.page}.json": _json_text(resource(board, system)) for board in built}
    if system.targets.dashboards.folder_uid:
        return files
    folder = {
        "apiVersion": "folder.grafana.app/v1beta1",
        "kind": "Folder",
        "metadata": {"name": folder_uid(system.system)},
        "spec": {"title": _folder(system)},
    }
    return {**files, f"{target}/folder.json": _json_text(folder)}


def dashboard_resource(board: Board, system: System) -> DashboardDocument:
    """A resource of Grafana's own API, from Grafana 12 on."""
    return _resource("dashboard.grafana.app/v1beta1", board.json, board, system)


def dashboard_resource_v2(board: Board, system: System) -> DashboardDocument:
    """The same in schema v2, from Grafana 12.2 on."""
    return _resource(API_VERSION, spec_v2(board.json), board, system)


def _resource(
    api_version: str, spec: DashboardDocument, board: Board, system: System
) -> DashboardDocument:
    folder = system.targets.dashboards.folder_uid or folder_uid(system.system)
    return {
        "apiVersion": api_version,
        "kind": "Dashboard",
        "metadata": {"name": board.uid, "annotations": {"grafana.app/folder": folder}},
        "spec": spec,
    }


def _metadata(board: Board, system: System) -> DashboardDocument:
    namespace = system.targets.dashboards.namespace
    name = {"name": object_name(system, board.page)}
    return {**name, "namespace": namespace} if namespace else name


def _folder(system: System) -> str:
    return system.targets.dashboards.folder or system.system


def _kubernetes_text(path: str, document: DashboardDocument) -> str:
    size = bytes_applied(document)
    if size > MOST_BYTES:
        raise BadInput(
            f"{path}: has {size} bytes, but Kubernetes allows {MOST_BYTES}; "
            "remove panels, or use another target"
        )
    return yaml_text(document, head=_HEAD)


def bytes_applied(document: DashboardDocument) -> int:
    """Bytes of an object as kubectl keeps it: as JSON, in which <, > and & take six each."""
    text = json.dumps(document)
    return len(text) + 5 * sum(map(text.count, "<>&"))


def _json_text(document: DashboardDocument) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


TARGETS: Final[dict[str, Writer]] = {
    "json": _json,
    "provisioning": _provisioning,
    "configmap": _config_maps,
    "helm-values": _helm_values,
    "operator": _operator,
    "resource": _resources,
    "resource-v2": _resources_v2,
}
DEFAULT: Final = ("json", "provisioning")
"""The targets built where none is chosen: files that people import without obs."""
