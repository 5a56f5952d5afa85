"""Which metrics exist, for the rule that queries use known metrics only."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from obs import catalogue
from obs.errors import BadInput
from obs.files import MEGABYTE, UnreadableFile, read_file

OF_PROMETHEUS: Final = frozenset(
    (
        *("ALERTS", "ALERTS_FOR_STATE", "up", "scrape_duration_seconds"),
        *("scrape_samples_scraped", "scrape_samples_post_metric_relabeling"),
        *("scrape_series_added", "scrape_samples_limit", "scrape_timeout_seconds"),
    )
)
OF_ANY_PROCESS: Final = frozenset(
    (
        *("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"),
        *("process_virtual_memory_bytes", "process_max_fds", "process_start_time_seconds"),
        *("python_info", "python_gc_collections_total", "python_gc_objects_collected_total"),
        "python_gc_objects_uncollectable_total",
    )
)
_LARGEST_FILE: Final = 64 * MEGABYTE  # a scrape of 10 000 consumers has 60
_CLOSE: Final = 0.8  # names share long parts, such as _messages_total
_NAME: Final = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


@dataclass(frozen=True, slots=True)
class Metrics:
    """Known metric names. `complete`: there are no others, so that any unknown name is wrong."""

    names: frozenset[str] = field(
        default_factory=lambda: our_metrics() | OF_PROMETHEUS | OF_ANY_PROCESS
    )
    complete: bool = False

    def reports(self, name: str, used: Iterable[str], *, ours: bool) -> bool:
        """Whether an unknown name is reported as a mistake.

        It is where all names are known, in our dashboards, and elsewhere where it looks like a
        metric of ours in a dashboard that uses some. Names of recording rules do not tell ours:
        other programs record SLOs, too.
        """
        if self.complete or ours:
            return True
        exported = any(each in catalogue.BY_NAME for each in used)
        return exported and name.startswith(catalogue.PREFIXES)

    def closest(self, name: str) -> str:
        """The most similar known name; empty where none is similar enough."""
        close = get_close_matches(name, self.names, n=1, cutoff=_CLOSE)
        return close[0] if close else ""


def our_metrics() -> frozenset[str]:
    """Everything that the collector exports and that recording rules produce."""
    exported = (name for metric in catalogue.ALL for name in metric.series)
    return frozenset((*exported, *catalogue.RECORDED))


def read_metrics(paths: Iterable[Path]) -> frozenset[str]:
    """The names in files: one per line, a scrape, or a response of Prometheus' label values API.

    Raises BadInput.
    """
    return frozenset(name for path in paths for name in _names(path))


def _names(path: Path) -> list[str]:
    try:
        written = read_file(path, _LARGEST_FILE).decode()
    except UnreadableFile as refused:
        raise BadInput(f"{path}: {refused}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: is not UTF-8 text") from None
    if written.lstrip()[:1] in ("[", "{"):
        return _listed(path, written)
    lines = enumerate(written.splitlines(), start=1)
    return [_first(path, at, line) for at, line in lines if line.strip() and line[0] != "#"]


def _first(path: Path, at: int, line: str) -> str:
    name = _NAME.match(line.strip())
    if name is None:
        raise BadInput(f"{path}:{at}: no metric name; write one per line, or a scrape of /metrics")
    return name[0]


def _listed(path: Path, written: str) -> list[str]:
    try:
        answer = json.loads(written)
    except (ValueError, RecursionError):
        answer = None
    names = answer.get("data") if isinstance(answer, dict) else answer
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadInput(
            f"{path}: not a list of names, such as a response of /api/v1/label/__name__/values"
        )
    return names
