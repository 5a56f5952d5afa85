"""Dashboards in Grafana, identified by their uid and owned by their tags."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from obs.clients.http import without_user
from obs.clients.rest import Rest, document, segment
from obs.dashboards.build import boards
from obs.ids import dashboard_tags, folder_uid
from obs.spec.stacks import GrafanaStack
from obs.spec.system import System
from obs.stacks.answers import fields, items, number, text, understood
from obs.stacks.grafana import FOLDER, GRAFANA, Folder, create_folder, find_folder, read
from obs.stacks.plan import Action, PlanStep, Present, Wanted, changing_steps, plan, projected
from obs.stacks.stack import Done

KIND: Final = "dashboard"
_MESSAGE: Final = "obs dashboards apply"
_SEARCH: Final = "/api/search"
_MOST: Final = 5000

DashboardDocument = dict[str, Any]


class GrafanaDashboards:
    """The dashboards of one system, in one folder of one Grafana."""

    def __init__(
        self,
        system: System,
        stack: GrafanaStack,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tags = dashboard_tags(system.system, system.environment)
        self._boards = {board.uid: board.json for board in boards(system)}
        options = system.targets.dashboards
        self._title = options.folder or system.system
        self._uid = options.folder_uid or folder_uid(system.system)
        self._folder = Folder(self._uid, self._title, exists=False)
        self._rest = Rest(stack, pause=pause)
        self._versions: dict[str, int] = {}

    @property
    def where(self) -> str:
        """The address of Grafana, and the folder."""
        return f"{without_user(self._rest.url)}, folder {self._title}"

    def plan(self) -> tuple[PlanStep, ...]:
        """A step for the folder, and one for each dashboard."""
        self._folder = find_folder(self._rest, self._uid, self._title)
        wanted = [self._folder.wanted()]
        wanted += [Wanted(KIND, uid, self._content(board)) for uid, board in self._boards.items()]
        return plan(wanted, [*self._folder.present(), *self._present(), *self._obsolete()])

    def apply(self, steps: Sequence[PlanStep], done: Done) -> None:
        """One request for each step. Deletions come first: a new dashboard may reuse a title."""
        todo = changing_steps(steps)
        for step in sorted(todo, key=lambda step: step.action is not Action.DELETE):
            if step.kind == FOLDER:
                create_folder(self._rest, self._folder)
            elif step.action is Action.DELETE:
                self._rest.send("DELETE", f"/api/dashboards/uid/{segment(step.name)}")
            else:
                self._save(step.name)
            done(step)

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def _save(self, uid: str) -> None:
        """Save a dashboard, unless its version changed since the comparison."""
        version = {"version": self._versions[uid]} if uid in self._versions else {}
        whole = {
            "dashboard": {**self._boards[uid], **version},
            "folderUid": self._folder.uid,
            "overwrite": False,
            "message": _MESSAGE,
        }
        self._rest.send("POST", "/api/dashboards/db", document=whole)

    def _content(self, board: DashboardDocument) -> DashboardDocument:
        return {"folder": self._folder.uid, "dashboard": board}

    def _present(self) -> list[Present]:
        titles = self._titles()
        present = []
        for uid, board in self._boards.items():
            path = f"/api/dashboards/uid/{segment(uid)}"
            answer = self._rest.find(path)
            if answer is not None:
                there = document(answer, f"{without_user(self._rest.url)}{path}")
                with understood(self._rest, path, GRAFANA):
                    present.append(self._comparable(uid, there))
            elif board["title"] in titles:
                why = f"the folder has another of its title, with uid {titles[board['title']]}"
                present.append(Present(KIND, uid, None, f"{why}; rename or delete that"))
        return present

    def _comparable(self, uid: str, there: Mapping[str, Any]) -> Present:
        found, about = dict(fields(there["dashboard"])), fields(there["meta"])
        tags = [text(each) for each in items(found.get("tags"))]
        foreign = self._foreign(tags, provisioned=bool(about.get("provisioned")))
        if foreign:
            return Present(KIND, uid, None, foreign)
        self._versions[uid] = int(number(found["version"]))
        wanted = self._boards[uid]
        # Grafana migrates stored dashboards to its newest schema version.
        newest = int(number(found["schemaVersion"]))
        found["schemaVersion"] = min(newest, wanted["schemaVersion"])
        return Present(
            KIND,
            uid,
            {"folder": about.get("folderUid", ""), "dashboard": projected(found, wanted)},
        )

    def _titles(self) -> dict[str, str]:
        """Uids by title of other owners' dashboards in the folder."""
        if not self._folder.exists:
            return {}
        found = self._search(folderUIDs=self._folder.uid)
        return {title: uid for uid, title, ours in found if not ours}

    def _obsolete(self) -> list[Present]:
        """This owner's dashboards that the spec no longer builds."""
        return [
            Present(KIND, uid, None)
            for uid, _, ours in self._search(tag=list(self._tags))
            if ours and uid.startswith("obs-") and uid not in self._boards
        ]

    def _search(self, **filters: object) -> list[tuple[str, str, bool]]:
        """Of each dashboard found: uid, title, and whether it has this owner's tags."""
        found = read(self._rest, _SEARCH, type="dash-db", limit=_MOST, **filters)
        with understood(self._rest, _SEARCH, GRAFANA):
            return [
                (
                    text(each["uid"]),
                    text(each["title"]),
                    set(self._tags) <= set(map(text, items(each["tags"]))),
                )
                for each in items(found)
            ]

    def _foreign(self, tags: Sequence[str], *, provisioned: bool) -> str:
        if provisioned:
            return "is provisioned from a file of Grafana's machine; take it out there"
        if not set(self._tags) <= set(tags):
            return f"has not the tags {' and '.join(self._tags)}; change its uid, or delete it"
        return ""
