"""Shared by rules and dashboards in Grafana: its API, and their folder."""

from dataclasses import dataclass
from typing import Any, Final

from obs.clients.http import without_user
from obs.clients.rest import Rest, document, segment
from obs.errors import SourceError
from obs.stacks.answers import items, text, understood
from obs.stacks.plan import Present, Wanted

FOLDER: Final = "folder"
_FOLDERS: Final = "/api/folders"
_MOST: Final = 1000  # folders of one page
_MOST_PAGES: Final = 100
GRAFANA: Final = "Grafana"


@dataclass(frozen=True, slots=True)
class Folder:
    """A top-level folder. It has no owner: it is created and used, but never changed."""

    uid: str
    title: str
    exists: bool

    def wanted(self) -> Wanted:
        """As an object to create where it does not exist."""
        return Wanted(FOLDER, self.title, self.title)

    def present(self) -> list[Present]:
        """As a present object; empty where it does not exist."""
        return [Present(FOLDER, self.title, self.title)] if self.exists else []


def find_folder(rest: Rest, uid: str, title: str) -> Folder:
    """The folder with this uid, else with this title, else one to create."""
    found = rest.find(f"{_FOLDERS}/{segment(uid)}")
    if found is not None:
        return Folder(uid, title, exists=True)
    for page in range(1, _MOST_PAGES + 1):
        folders = _folders(rest, page)
        if title in folders:
            return Folder(folders[title], title, exists=True)
        if not folders:
            return Folder(uid, title, exists=False)
    where = f"{without_user(rest.url)}{_FOLDERS}"
    raise SourceError("decode", f"{where}: has more than {_MOST_PAGES} pages of folders")


def create_folder(rest: Rest, folder: Folder) -> None:
    """Create it. Raises RequestRejected where not permitted, or it exists by now."""
    rest.send("POST", _FOLDERS, document={"uid": folder.uid, "title": folder.title})


def _folders(rest: Rest, page: int) -> dict[str, str]:
    """Uids by title of the folders on a page; empty after the last page."""
    found = read(rest, _FOLDERS, limit=_MOST, page=page)
    with understood(rest, _FOLDERS, GRAFANA):
        return {text(each["title"]): text(each["uid"]) for each in items(found)}


def read(rest: Rest, path: str, **parameters: object) -> Any:
    """The JSON at a path. Raises SourceError."""
    answer = rest.get(path, parameters)
    return document(answer, f"{without_user(rest.url)}{path}")
