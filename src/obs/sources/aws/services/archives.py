"""EventBridge archives, and the replays of their events."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from obs.catalogue import aws_archives
from obs.sources.aws.services.kind import Listing, ServiceKind, Told

if TYPE_CHECKING:
    from obs.clients.aws import AwsClient

_RUNNING: Final = frozenset({"STARTING", "RUNNING"})
_LATELY: Final = 3600.0  # seconds since the end of a replay


class Archives(ServiceKind):
    """Archives by name."""

    key = "archive"
    metrics = aws_archives.ARCHIVE_METRICS
    asked_by = "archives"
    listing = Listing("events", "ListArchives", "Archives", "ArchiveName")
    told_by = ("events:ListReplays",)

    def told(self, client: "AwsClient", at: float) -> Iterator[Told]:
        running: Counter[str] = Counter()
        failed: Counter[str] = Counter()
        for replay in client.listed("events", "ListReplays", "Replays"):
            archive = str(replay.get("EventSourceArn", "")).rpartition("/")[2]
            running[archive] += replay.get("State") in _RUNNING
            failed[archive] += replay.get("State") == "FAILED" and _ended(replay) > at - _LATELY
        for archive in client.listed("events", "ListArchives", "Archives"):
            name = str(archive.get("ArchiveName", ""))
            yield Told(name, aws_archives.ENABLED, float(archive.get("State") == "ENABLED"))
            yield Told(name, aws_archives.EVENTS, float(archive.get("EventCount", 0)))
            yield Told(name, aws_archives.SIZE, float(archive.get("SizeBytes", 0)))
            yield Told(name, aws_archives.RUNNING_REPLAYS, float(running[name]))
            yield Told(name, aws_archives.FAILED_REPLAYS, float(failed[name]))


def _ended(replay: Mapping[str, Any]) -> float:
    """When a replay ended, in Unix seconds; 0 where that is not known."""
    end = replay.get("ReplayEndTime")
    return end.timestamp() if isinstance(end, datetime) else 0.0


KIND: Final = Archives()
