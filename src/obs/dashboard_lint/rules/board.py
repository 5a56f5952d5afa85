"""Rules on a dashboard as a whole, and compared with the others."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from obs.dashboard_lint.model import ROW
from obs.dashboard_lint.rules.rule import error, warning
from obs.dashboard_lint.subject import Remark, Subject
from obs.dashboards.json_values import whole
from obs.dashboards.normalise import SCHEMA_VERSION

_OLDEST: Final = 41
_MOST_PANELS: Final = 25


def _uneditable(subject: Subject) -> Iterator[Remark]:
    if subject.dashboard.json.get("editable") is not False:
        yield Remark(
            "is editable in Grafana, but the file overwrites changes; set editable to false"
        )


def _schema(subject: Subject) -> Iterator[Remark]:
    version = whole(subject.dashboard.json.get("schemaVersion"))
    if version is None:
        yield Remark(f"has no schemaVersion; the current one is {SCHEMA_VERSION}")
    elif version < _OLDEST:
        yield Remark(
            f"schemaVersion {version} is migrated each time the dashboard is opened; the current "
            f"one is {SCHEMA_VERSION}"
        )


def _size(subject: Subject) -> Iterator[Remark]:
    number = sum(panel.type != ROW for panel in subject.dashboard.panels)
    if number > _MOST_PANELS:
        yield Remark(f"has {number} panels; split a dashboard of more than {_MOST_PANELS}")


def _uid(subject: Subject) -> Iterator[Remark]:
    uid = subject.dashboard.uid
    if uid and (others := _others(subject, subject.knowledge.uids, uid)):
        yield Remark(f"{others} also has the uid {uid}; Grafana keeps only one of them")


def _title(subject: Subject) -> Iterator[Remark]:
    title = subject.dashboard.title
    if not title.strip():
        yield Remark("has no title")
    elif others := _others(subject, subject.knowledge.titles, title):
        yield Remark(f"{others} also has the title {title}; choose another")


def _others(subject: Subject, files: Mapping[str, Sequence[str]], key: str) -> str:
    """The other files that have this key, the first three by name."""
    others = list(files.get(key, ()))
    if subject.dashboard.file in others:
        others.remove(subject.dashboard.file)
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return ", ".join(others[:3]) + more


RULES: Final = (
    error("uneditable-dashboard", "Dashboards from files are not editable.", _uneditable),
    warning("dashboard-schema-rule", f"The schema version is current ({SCHEMA_VERSION}).", _schema),
    warning("dashboard-size-rule", f"A dashboard has at most {_MOST_PANELS} panels.", _size),
    error("unique-uid-rule", "No two dashboards have the same uid.", _uid),
    error("unique-title-rule", "No two dashboards have the same title.", _title),
)
