"""The parts of Grafana's HTTP API that obs uses, in memory, and as strict as the real ones.

After the documentation of Grafana 12: folders, dashboards, search, alerting provisioning.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.integration.applying import Answer, Request

UID = re.compile(r"[a-zA-Z0-9_-]{1,40}")
SAVE = {"dashboard", "folderUid", "folderId", "overwrite", "message", "isFolder"}
RULE = {
    *("id", "uid", "orgID", "folderUID", "ruleGroup", "title", "condition", "data", "updated"),
    *("noDataState", "execErrState", "for", "keep_firing_for", "annotations", "labels"),
    *("provenance", "isPaused", "notification_settings", "record"),
    "missingSeriesEvalsToResolve",
}
QUERY = {"refId", "queryType", "relativeTimeRange", "datasourceUid", "model"}
DURATION = re.compile(r"([0-9]+(ms|[smhdw]))+")

Json = dict[str, Any]


class Wrong(Exception):  # noqa: N818  reads as a sentence where it is raised
    """What is answered instead."""

    def __init__(self, code: int, message: str, **more: str) -> None:
        self.answer = answer(code, {"message": message, **more})


def answer(status: int, document: object) -> Answer:
    """A JSON answer."""
    return status, json.dumps(document).encode()


def required(found: bool, code: int, message: str, **more: str) -> None:
    """Raises what is answered where it is not so."""
    if not found:
        raise Wrong(code, message, **more)


@dataclass
class Grafana:
    """One organisation. `busy` requests are answered with 429 first."""

    token: str
    folders: dict[str, str] = field(default_factory=dict)
    dashboards: dict[str, Json] = field(default_factory=dict)
    rules: dict[str, Json] = field(default_factory=dict)
    intervals: dict[tuple[str, str], int] = field(default_factory=dict)
    provisioned: set[str] = field(default_factory=set)
    busy: int = 0
    saved: int = 0

    def __call__(self, request: Request) -> Answer:
        try:
            return self._answer(request)
        except Wrong as wrong:
            return wrong.answer

    def _answer(self, request: Request) -> Answer:
        signed = request.headers.get("authorization") == f"Bearer {self.token}"
        required(signed, 401, "Invalid API key")
        if self.busy:
            self.busy -= 1
            return answer(429, {"message": "Too many requests"})
        if request.method in ("POST", "PUT"):
            json_kind = request.headers.get("content-type") == "application/json"
            required(json_kind, 415, "bad content type")
        parts = urlsplit(request.path)
        path = [unquote(each) for each in parts.path.removeprefix("/api/").split("/")]
        body: Any = json.loads(request.body) if request.body else None
        match [request.method, *path]:
            case ["GET", "folders"]:
                asked = parse_qs(parts.query)
                first, most = int(asked["page"][0]) - 1, int(asked["limit"][0])
                listed = [{"uid": uid, "title": title} for uid, title in self.folders.items()]
                return answer(200, listed[first * most : (first + 1) * most])
            case ["GET", "folders", uid]:
                required(uid in self.folders, 404, "folder not found")
                return answer(200, {"uid": uid, "title": self.folders[uid]})
            case ["POST", "folders"]:
                return self._create_folder(body)
            case ["GET", "search"]:
                return self._search(parse_qs(parts.query))
            case ["GET", "dashboards", "uid", uid]:
                required(uid in self.dashboards, 404, "Dashboard not found")
                return answer(200, self._dashboard(uid))
            case ["POST", "dashboards", "db"]:
                return self._save(body)
            case ["DELETE", "dashboards", "uid", uid]:
                required(uid in self.dashboards, 404, "Dashboard not found")
                required(
                    uid not in self.provisioned, 400, "provisioned dashboard cannot be deleted"
                )
                return answer(200, {"title": self.dashboards.pop(uid)["dashboard"]["title"]})
            case ["GET", "v1", "provisioning", "alert-rules"]:
                return answer(200, list(self.rules.values()))
            case [method, "v1", "provisioning", "folder", folder, "rule-groups", group]:
                return self._group(method, folder, group, body)
            case _:
                return answer(404, {"message": "Not found"})

    def _create_folder(self, body: Json) -> Answer:
        required(bool(UID.fullmatch(body["uid"])), 400, "uid contains illegal characters")
        required(
            body["uid"] not in self.folders, 412, "the folder has been changed by someone else"
        )
        taken = body["title"] in self.folders.values()
        required(
            not taken, 409, "a folder with the same name already exists in the current location"
        )
        self.folders[body["uid"]] = body["title"]
        return answer(200, body)

    def _search(self, asked: dict[str, list[str]]) -> Answer:
        required(set(asked) <= {"type", "tag", "folderUIDs", "limit"}, 400, "unknown parameter")
        tags, folders = set(asked.get("tag", ())), asked.get("folderUIDs")
        return answer(
            200,
            [
                {"uid": uid, "title": one["dashboard"]["title"], "tags": one["dashboard"]["tags"]}
                for uid, one in self.dashboards.items()
                if tags <= set(one["dashboard"]["tags"])
                and (folders is None or one["folderUid"] in folders)
            ],
        )

    def _dashboard(self, uid: str) -> Json:
        about = {"folderUid": self.dashboards[uid]["folderUid"], "provisioned": False}
        if uid in self.provisioned:
            about["provisioned"] = True
        return {"meta": about, "dashboard": self.dashboards[uid]["dashboard"]}

    def _save(self, body: Json) -> Answer:
        extra = set(body) - SAVE
        required(not extra, 400, f"unknown field {extra}")
        board = body["dashboard"]
        required(bool(board.get("title")), 400, "Dashboard title cannot be empty")
        required(bool(UID.fullmatch(board["uid"])), 400, "uid contains illegal characters")
        required(body["folderUid"] in self.folders, 400, "folder not found")
        uid = board["uid"]
        required(uid not in self.provisioned, 400, "Cannot save provisioned dashboard")
        for other, one in self.dashboards.items():
            same = (one["folderUid"], one["dashboard"]["title"]) == (
                body["folderUid"],
                board["title"],
            )
            said = "A dashboard with the same name in the folder already exists"
            required(other == uid or not same, 412, said, status="name-exists")
        there = self.dashboards.get(uid)
        if there is not None and not body["overwrite"]:
            current = there["dashboard"]["version"] == board.get("version")
            said = "The dashboard has been changed by someone else"
            required(current, 412, said, status="version-mismatch")
        self.saved += 1
        version = there["dashboard"]["version"] + 1 if there else 1
        number = there["dashboard"]["id"] if there else self.saved
        # Grafana fills in what was left out.
        whole = {"fiscalYearStartMonth": 0, "weekStart": "", **board}
        self.dashboards[uid] = {
            "folderUid": body["folderUid"],
            "dashboard": {**whole, "id": number, "version": version},
        }
        return answer(200, {"uid": uid, "status": "success", "version": version})

    def _group(self, method: str, folder: str, group: str, body: Json | None) -> Answer:
        there = [
            rule
            for rule in self.rules.values()
            if (rule["folderUID"], rule["ruleGroup"]) == (folder, group)
        ]
        match method:
            case "GET":
                required(bool(there), 404, "rule group does not exist")
                interval = self.intervals[folder, group]
                whole = {"title": group, "folderUid": folder, "interval": interval, "rules": there}
                return answer(200, whole)
            case "DELETE":
                required(bool(there), 404, "rule group does not exist")
                for rule in there:
                    del self.rules[rule["uid"]]
                return 204, b""
            case "PUT":
                assert body is not None
                return self._put_group(folder, group, body, there)
        return answer(405, {})

    def _put_group(self, folder: str, group: str, body: Json, there: list[Json]) -> Answer:
        required(folder in self.folders, 400, "folder does not exist")
        extra = set(body) - {"title", "folderUid", "interval", "rules"}
        required(not extra, 400, f"unknown field {extra}")
        required(isinstance(body["interval"], int), 400, "interval must be an integer")
        required(body["interval"] % 10 == 0, 400, "interval must be a multiple of 10 s")
        before = {rule["uid"] for rule in there}
        titles = {
            rule["title"]
            for rule in self.rules.values()
            if rule["folderUID"] == folder and rule["ruleGroup"] != group
        }
        for rule in body["rules"]:
            self._check_rule(rule, folder, group)
            taken = rule["uid"] in self.rules and rule["uid"] not in before
            required(not taken, 409, "rule with this UID exists")
            conflict = "conflicting alert rule found: a rule of this title is in the folder"
            required(rule["title"] not in titles, 409, conflict)
            titles.add(rule["title"])
        for uid in before:
            del self.rules[uid]
        for number, rule in enumerate(body["rules"]):
            # Grafana fills in the datasource's settings.
            data = [
                {**query, "queryType": "", "model": {"intervalMs": 1000, **query["model"]}}
                for query in rule["data"]
            ]
            stored = {**rule, "id": number, "data": data, "provenance": "api"}
            self.rules[rule["uid"]] = {**stored, "for": go_duration(rule["for"])}
        self.intervals[folder, group] = body["interval"]
        return answer(200, body)

    @staticmethod
    def _check_rule(rule: Json, folder: str, group: str) -> None:
        extra = set(rule) - RULE
        required(not extra, 400, f"unknown field {extra}")
        required((rule["folderUID"], rule["ruleGroup"]) == (folder, group), 400, "other group")
        required(bool(UID.fullmatch(rule["uid"])), 400, "uid contains illegal characters")
        required(len(rule["title"]) <= 190, 400, "title is too long")
        required(bool(DURATION.fullmatch(rule["for"])), 400, "not a valid duration")
        required(rule["noDataState"] in ("OK", "NoData", "Alerting", "KeepLast"), 400, "no state")
        required(rule["execErrState"] in ("OK", "Error", "Alerting", "KeepLast"), 400, "no state")
        refs = [query["refId"] for query in rule["data"]]
        required(rule["condition"] in refs, 400, "condition does not exist")
        for query in rule["data"]:
            extra = set(query) - QUERY
            required(not extra, 400, f"unknown field {extra}")
        texts = {**rule["annotations"], **rule["labels"]}.values()
        required(all(isinstance(text, str) for text in texts), 400, "not a string")


def go_duration(text: str) -> str:
    """The same duration as Grafana writes it back: 300s is 5m, 60m is 1h."""
    units = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
    seconds = sum(int(n) * units[u] for n, u in re.findall(r"([0-9]+)([wdhms])", text))
    found = ""
    for unit, size in units.items():
        count, seconds = divmod(seconds, size)
        found += f"{count}{unit}" if count else ""
    return found or "0s"
