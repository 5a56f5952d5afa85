"""The ruler API of Mimir as its documentation has it, in memory, and as strict as the real one."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import yaml

from tests.integration.applying import Answer, Request

ROOT = "/prometheus/config/v1/rules"
GROUP = {"name", "interval", "limit", "query_offset", "source_tenants", "rules", "labels"}
ORDER = ("record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations")
ALERTING = {"alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
RECORDING = {"record", "expr", "labels"}


@dataclass
class Mimir:
    """Rule groups by tenant and namespace; `busy` requests are answered with 429 first."""

    token: str = ""
    groups: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    busy: int = 0
    most_rules: int = 20
    most_groups: int = 70

    def __call__(self, request: Request) -> Answer:
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return 401, b"unauthorized"
        tenant = request.headers.get("x-scope-orgid")
        if not tenant:
            return 401, b"no org id"
        if self.busy:
            self.busy -= 1
            return 429, b"too many requests"
        mine = self.groups.setdefault(tenant, {})
        if request.path == ROOT and request.method == "GET":
            listed = {name: list(map(returned, there.values())) for name, there in mine.items()}
            return (200, _yaml(listed)) if any(listed.values()) else (404, b"no rule groups found")
        if not request.path.startswith(f"{ROOT}/"):
            return 404, b"404 page not found"
        namespace, _, group = request.path.removeprefix(f"{ROOT}/").partition("/")
        return self._of(mine, unquote(namespace), unquote(group), request)

    def _of(
        self, mine: dict[str, dict[str, Any]], namespace: str, group: str, request: Request
    ) -> Answer:
        there = mine.get(namespace, {})
        match request.method, bool(group):
            case "GET", False:
                if not there:
                    return 404, b"no rule groups found"
                return 200, _yaml({namespace: list(map(returned, there.values()))})
            case "POST", False:
                return self._set(mine, namespace, request)
            case "DELETE", True:
                if group not in there:
                    return 404, b"group does not exist"
                del there[group]
                return 202, b'{"status":"success"}'
            case _:
                return 405, b""

    def _set(self, mine: dict[str, dict[str, Any]], namespace: str, request: Request) -> Answer:
        if request.headers.get("content-type") != "application/yaml":
            return 415, b"unsupported media type"
        group = yaml.safe_load(request.body)
        if not isinstance(group, dict) or not group.get("name"):
            return 400, b"invalid rules config: rule group name must not be empty"
        if extra := set(group) - GROUP:
            return 400, f"unable to decode rule group: field {min(extra)} not found".encode()
        if len(group["rules"]) > self.most_rules:
            said = f"per-user rules per rule group limit (limit: {self.most_rules} actual: "
            return 400, f"{said}{len(group['rules'])}) exceeded".encode()
        present = sum(map(len, mine.values()))
        if self.most_groups and present + 1 > self.most_groups:  # one that is changed counts too
            said = f"per-user rule groups limit (limit: {self.most_groups} actual: {present + 1})"
            return 400, f"{said} exceeded".encode()
        for rule in group["rules"]:
            if extra := set(rule) - (ALERTING if "alert" in rule else RECORDING):
                return 400, f"unable to decode rule group: field {min(extra)} not found".encode()
        mine.setdefault(namespace, {})[group["name"]] = group
        return 202, b'{"status":"success"}'


def returned(group: dict[str, Any]) -> dict[str, Any]:
    """A group as it comes back: fields in the order of the server's own, labels and texts sorted,
    durations in other words."""
    rules = []
    for rule in group["rules"]:
        kept = {key: rule[key] for key in ORDER if rule.get(key)}
        for key in ("labels", "annotations"):
            if key in kept:
                kept[key] = dict(sorted(kept[key].items()))
        if "for" in kept:
            kept["for"] = f"{_seconds(kept['for'])}s"
        rules.append(kept)
    rest = {key: value for key, value in group.items() if key not in ("name", "rules")}
    return {"name": group["name"], **rest, "rules": rules}


def _seconds(duration: str) -> int:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    return sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+)([smhd])", duration))


def _yaml(document: object) -> bytes:
    return yaml.safe_dump(document, sort_keys=False).encode()
