"""What rules and dashboards in Grafana have in common: its API, and the folder they are in."""

from dataclasses import dataclass
from typing import Any, Final

from obs.clients.http import without_user
from obs.clients.rest import Rest, document, segment
from obs.errors import SourceError
from obs.stacks.plan import Present, Wanted

FOLDER: Final = "folder"
_FOLDERS: Final = "/api/folders"
_MOST: Final = 1000  # folders of one page


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the first level. A folder is no one's: it is used, and never changed."""

    uid: str
    title: str
    there: bool

    def wanted(self) -> Wanted:
        """As a thing to create where it is not there."""
        return Wanted(FOLDER, self.title, self.title)

    def present(self) -> list[Present]:
        """As a thing that is there, or is not."""
        return [Present(FOLDER, self.title, self.title)] if self.there else []


def find_folder(rest: Rest, uid: str, title: str) -> Folder:
    """The folder of this uid, else of this title, else the one to be created."""
    found = rest.find(f"{_FOLDERS}/{segment(uid)}")
    if found is not None:
        return Folder(uid, title, there=True)
    page = 1
    while folders := _folders(rest, page):
        if title in folders:
            return Folder(folders[title], title, there=True)
        page += 1
    return Folder(uid, title, there=False)


def create_folder(rest: Rest, folder: Folder) -> None:
    """Create it. Raises Refused where that is not permitted, or somebody did it meanwhile."""
    rest.send("POST", _FOLDERS, document={"uid": folder.uid, "title": folder.title})


def _folders(rest: Rest, page: int) -> dict[str, str]:
    """Uids of a page of folders by title; none after the last page."""
    try:
        found = read(rest, _FOLDERS, limit=_MOST, page=page)
        return {each["title"]: each["uid"] for each in found}
    except (KeyError, TypeError):
        raise senseless(rest, _FOLDERS) from None


def read(rest: Rest, path: str, **parameters: object) -> Any:
    """The JSON at a path. Raises SourceError."""
    answer = rest.get(path, parameters)
    return document(answer, f"{without_user(rest.url)}{path}")


def senseless(rest: Rest, path: str) -> SourceError:
    """What is said of an answer that is not Grafana's."""
    return SourceError("decode", f"{without_user(rest.url)}{path}: not a response of Grafana")
