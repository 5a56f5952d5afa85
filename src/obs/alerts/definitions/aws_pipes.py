"""Alerts on EventBridge pipes, schedules, API destinations and archives."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above, Equals, Increase
from obs.catalogue import aws_archives as archives
from obs.catalogue import aws_pipes as pipes
from obs.catalogue import aws_schedules as schedules

_PIPE: Final = About("pipe", pipes.PIPE)
_GROUP: Final = About("schedule group", schedules.SCHEDULE_GROUP)
_DESTINATION: Final = About("API destination", archives.API_DESTINATION)
_ARCHIVE: Final = About("archive", archives.ARCHIVE)

ALERTS: Final = (
    Alert(
        "EventBridgePipeStopped",
        Severity.CRITICAL,
        _PIPE,
        Equals(pipes.RUNNING, 0),
        5 * MINUTE,
        "A pipe does not run although it is meant to.",
        "Pipe {pipe} does not run although its desired state is RUNNING.",
        "EventBridge stops a pipe by itself when it may not read the source or invoke the target "
        "for long. Starting takes a minute or two; a pipe that has not started within five minutes "
        "will not start by itself.",
        "pipes/pipe_running",
    ),
    Alert(
        "EventBridgePipeFailing",
        Severity.CRITICAL,
        _PIPE,
        Increase(pipes.FAILED, 5, 15 * MINUTE),
        0,
        "A pipe's executions fail: its events are not delivered.",
        "{value} executions of pipe {pipe} failed in the last {window} (threshold {threshold}).",
        "A pipe tries failed events again until its source gives them up. More than five failures "
        "in 15 minutes are not isolated errors: the enrichment or the target rejects the events.",
        "pipes/pipe_failed",
    ),
    Alert(
        "EventBridgePipeThrottled",
        Severity.WARNING,
        _PIPE,
        Increase(pipes.THROTTLED, 0, 5 * MINUTE),
        5 * MINUTE,
        "A pipe is throttled.",
        "Throttled executions of pipe {pipe} in the last {window}: {value} (threshold "
        "{threshold}).",
        "Throttled executions run later, so a burst delays events. Throttling for more than five "
        "minutes means that the account's quota of concurrent executions is too low.",
        "pipes/pipe_throttled",
    ),
    Alert(
        "SchedulerInvocationsDropped",
        Severity.CRITICAL,
        _GROUP,
        Increase(schedules.DROPPED, 0, 15 * MINUTE),
        0,
        "Scheduler gave up invocations: scheduled work did not happen.",
        "Invocations of schedule group {schedule_group} that Scheduler gave up in the last "
        "{window}: {value} (threshold {threshold}).",
        "Scheduler drops an invocation only after all of its retries. Without a dead-letter queue "
        "at the schedule it is lost.",
        "pipes/schedule_dropped",
    ),
    Alert(
        "SchedulerTargetErrors",
        Severity.WARNING,
        _GROUP,
        Increase(schedules.TARGET_ERRORS, 5, 15 * MINUTE),
        0,
        "The targets of schedules answer with errors.",
        "The targets of schedule group {schedule_group} answered {value} attempts with an error in "
        "the last {window} (threshold {threshold}).",
        "Scheduler tries again, so a few errors delay the work. More than five in 15 minutes lead "
        "to dropped invocations once the retries are used up.",
        "pipes/schedule_target_errors",
    ),
    Alert(
        "SchedulerDeadLetterFailing",
        Severity.CRITICAL,
        _GROUP,
        Increase(schedules.DEAD_LETTER_FAILURES, 0, 15 * MINUTE),
        0,
        "Scheduled invocations are lost: the dead-letter queue does not accept them.",
        "Invocations of schedule group {schedule_group} lost in the last {window} because the "
        "dead-letter queue did not accept them: {value} (threshold {threshold}).",
        "Scheduler drops these invocations. The usual cause is that the schedule's role may not "
        "send to the queue.",
        "pipes/schedule_dead_letter_failures",
    ),
    Alert(
        "EventBridgeApiDestinationNotReady",
        Severity.CRITICAL,
        _DESTINATION,
        Equals(archives.READY, 0),
        5 * MINUTE,
        "EventBridge cannot call an API destination.",
        "EventBridge cannot call API destination {api_destination}: it is inactive, or its "
        "connection is not authorized.",
        "Events for it fail until the connection is authorized again. Authorizing takes less than "
        "five minutes.",
        "pipes/api_destination_ready",
    ),
    Alert(
        "EventBridgeArchiveDisabled",
        Severity.WARNING,
        _ARCHIVE,
        Equals(archives.ENABLED, 0),
        15 * MINUTE,
        "An archive receives no events.",
        "Archive {archive} is not enabled: events that arrive now cannot be replayed.",
        "Creating or updating an archive takes a few minutes, during which it receives nothing.",
        "pipes/archive_enabled",
    ),
    Alert(
        "EventBridgeReplayFailed",
        Severity.WARNING,
        _ARCHIVE,
        Above(archives.FAILED_REPLAYS, 0, "replays"),
        0,
        "A replay of archived events failed.",
        "Replays of archive {archive} that failed within the last hour: {value} (threshold "
        "{threshold}).",
        "A replay that fails has delivered a part of its events; somebody started it and relies on "
        "the rest.",
        "pipes/archive_replays",
    ),
)
