"""Groups of schedules of EventBridge Scheduler."""

from typing import Final

from obs.catalogue import aws_schedules
from obs.sources.aws.services.kind import Listing, ServiceKind


class ScheduleGroups(ServiceKind):
    """Groups by name; schedules without one are in the group `default`."""

    key = "schedule_group"
    metrics = aws_schedules.METRICS
    tag_type = "scheduler:schedule-group"
    tags = aws_schedules.TAGS
    asked_by = "schedule_groups"
    listing = Listing("scheduler", "ListScheduleGroups", "ScheduleGroups", "Name")

    def tagged(self, arn: str) -> str | None:
        """arn:aws:scheduler:REGION:ACCOUNT:schedule-group/NAME."""
        service, _, name = arn.partition(":schedule-group/")
        return name if ":scheduler:" in service and name else None


KIND: Final = ScheduleGroups()
