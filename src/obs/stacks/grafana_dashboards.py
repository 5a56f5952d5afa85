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
from obs.stacks.grafana import FOLDER, Folder, create_folder, find_folder, invalid_answer, read
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
        try:
            present = [*self._folder.present(), *self._present(), *self._obsolete()]
        except (KeyError, TypeError, AttributeError):
            raise invalid_answer(self._rest, "") from None
        return plan(wanted, present)

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
                present.append(self._comparable(uid, there))
            elif board["title"] in titles:
                why = f"the folder has another of its title, with uid {titles[board['title']]}"
                present.append(Present(KIND, uid, None, f"{why}; rename or delete that"))
        return present

    def _comparable(self, uid: str, there: Mapping[str, Any]) -> Present:
        found, about = dict(there["dashboard"]), there["meta"]
        foreign = self._foreign(
            found.get("tags") or (), provisioned=about.get("provisioned", False)
        )
        if foreign:
            return Present(KIND, uid, None, foreign)
        self._versions[uid] = found["version"]
        wanted = self._boards[uid]
        # Grafana migrates stored dashboards to its newest schema version.
        found["schemaVersion"] = min(found["schemaVersion"], wanted["schemaVersion"])
        return Present(
            KIND,
            uid,
            {"folder": about.get("folderUid", ""), "dashboard": projected(found, wanted)},
        )

    def _titles(self) -> dict[str, str]:
        """Uids by title of other owners' dashboards in the folder."""
        if not self._folder.exists:
            return {}
        found = read(self._rest, _SEARCH, type="dash-db", folderUIDs=self._folder.uid, limit=_MOST)
        return {
            each["title"]: each["uid"] for each in found if not set(self._tags) <= set(each["tags"])
        }

    def _obsolete(self) -> list[Present]:
        """This owner's dashboards that the spec no longer builds."""
        found = read(self._rest, _SEARCH, type="dash-db", tag=list(self._tags), limit=_MOST)
        return [
            Present(KIND, each["uid"], None)
            for each in found
            if each["uid"].startswith("obs-")
            and each["uid"] not in self._boards
            and set(self._tags) <= set(each["tags"])
        ]

    def _foreign(self, tags: Sequence[str], *, provisioned: bool) -> str:
        if provisioned:
            return "is provisioned from a file of Grafana's machine; take it out there"
        if not set(self._tags) <= set(tags):
            return f"has not the tags {' and '.join(self._tags)}; change its uid, or delete it"
        return ""
