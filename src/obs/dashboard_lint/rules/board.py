"""Rules on a dashboard as a whole, and among the others."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from obs.dashboard_lint.model import ROW, whole
from obs.dashboard_lint.rules.rule import error, warning
from obs.dashboard_lint.subject import Remark, Subject
from obs.dashboards.normalise import SCHEMA_VERSION

_OLDEST: Final = 41
_MOST_PANELS: Final = 25


def _uneditable(subject: Subject) -> Iterator[Remark]:
    if subject.dashboard.json.get("editable") is not False:
        yield Remark("can be edited where it is shown, and loses that; set editable to false")


def _schema(subject: Subject) -> Iterator[Remark]:
    version = whole(subject.dashboard.json.get("schemaVersion"))
    if version is None:
        yield Remark(f"has no schemaVersion; the present one is {SCHEMA_VERSION}")
    elif version < _OLDEST:
        yield Remark(
            f"schemaVersion {version} is migrated each time it is opened, and then asks to be "
            f"saved; the present one is {SCHEMA_VERSION}"
        )


def _size(subject: Subject) -> Iterator[Remark]:
    number = sum(panel.type != ROW for panel in subject.dashboard.panels)
    if number > _MOST_PANELS:
        yield Remark(
            f"{number} panels; {_MOST_PANELS} answer a question, more are several dashboards"
        )


def _uid(subject: Subject) -> Iterator[Remark]:
    uid = subject.dashboard.uid
    if uid and (others := _others(subject, subject.knowledge.uids, uid)):
        yield Remark(f"{others} has the uid {uid} too; Grafana keeps one of them")


def _title(subject: Subject) -> Iterator[Remark]:
    title = subject.dashboard.title
    if not title.strip():
        yield Remark("has no title")
    elif others := _others(subject, subject.knowledge.titles, title):
        yield Remark(f"{others} has the title {title} too; nobody can tell them apart")


def _others(subject: Subject, files: Mapping[str, Sequence[str]], key: str) -> str:
    """The other files that have it, the first three by name."""
    others = list(files.get(key, ()))
    if subject.dashboard.file in others:
        others.remove(subject.dashboard.file)
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return ", ".join(others[:3]) + more


RULES: Final = (
    error("uneditable-dashboard-rule", "A dashboard from a file is not to be edited.", _uneditable),
    warning("dashboard-schema-rule", f"The schema is current ({SCHEMA_VERSION}).", _schema),
    warning("dashboard-size-rule", f"At most {_MOST_PANELS} panels.", _size),
    error("unique-uid-rule", "No two dashboards have the same uid.", _uid),
    error("unique-title-rule", "Each has a title, and no two the same.", _title),
)
