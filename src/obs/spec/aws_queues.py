"""What an AWS source watches of queues beside dead letters, and what it selects by tags."""

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field, model_validator

from obs.spec.globs import plain_names
from obs.spec.label_keys import check_labels_apart
from obs.spec.model import Glob, Model, wrong
from obs.spec.quantity import Duration, NotBoolean, within
from obs.spec.watched import SpecName

TagKey = Annotated[str, Field(min_length=1, max_length=128, examples=["team"])]
"""The key of a tag."""
TagValue = Annotated[str, Field(min_length=1, max_length=256, examples=["orders"])]
"""The value of a tag."""

_TAKEN_LABELS: Final = (
    *("aws", "bus", "rule", "queue"),
    *("function", "topic", "pipe", "schedule_group"),
)
"""Labels of the series of what has tags."""


class AwsQueues(Model):
    """Fields of an AWS source about work queues, causes of dead letters, and tags."""

    queues: tuple[Glob, ...] = ()
    """Queues to watch as dead-letter queues, in addition to those of the rules' targets and of
    the work queues."""
    work_queues: tuple[Glob, ...] = ()
    """Queues to watch that services consume. One that a glob matches is a dead-letter queue all
    the same if a rule or another watched queue sends its dead letters to it, or if its redrive
    allow policy names the queues that may; one named in full is a work queue."""
    dead_letter_causes: bool = False
    """Whether the causes of dead letters (error code, rule, target) are read from the messages.
    They stay in their queue, but their receive counts rise, and other receivers do not see them
    for a moment. A queue that has a redrive policy is not read: receiving could move its
    messages."""
    dead_letter_causes_every: Annotated[Duration, within("1m", "1d")] = 300.0
    """Interval at which the causes of new dead letters are read."""
    dead_letter_causes_most: Annotated[int, Field(gt=0, le=100), NotBoolean] = 50
    """Maximum number of messages received from a queue at each reading."""
    tags: Annotated[dict[TagKey, TagValue], Field(max_length=50)] = {}
    """Tags of what is watched: of the rules, queues, functions, topics, pipes and groups of
    schedules that globs match, only those that have all of these tags; a rule may have them from
    its bus. Without `queues` and `work_queues`, every queue that has the tags. What is named in
    full is watched whatever its tags, and so are API destinations and archives."""
    tag_labels: Annotated[tuple[TagKey, ...], Field(max_length=16)] = ()
    """Keys of tags that become labels of eventbridge_rule_tags_info, sqs_queue_tags_info and those
    of the other kinds, for what has one of the tags. What is not a letter, a digit or _ becomes _
    in the label."""

    @property
    def work_globs(self) -> tuple[str, ...]:
        """The names and globs of work queues: all queues where only tags select them."""
        return (
            ("*",) if self.tags and not self.queues and not self.work_queues else self.work_queues
        )

    @property
    def reads_tags(self) -> bool:
        """Whether tags of resources are read."""
        return bool(self.tags or self.tag_labels)

    def named_queues(self) -> Iterator[SpecName]:
        """The queues that it names, as dead-letter queues or as work queues."""
        for field in ("queues", "work_queues"):
            for index, queue in enumerate(getattr(self, field)):
                yield SpecName("queue", queue, path=f"{field}[{index}]")

    @model_validator(mode="after")
    def _a_queue_has_one_role(self) -> "AwsQueues":
        dead_letters = set(plain_names(self.queues))
        for index, queue in enumerate(self.work_queues):
            if dead_letters.intersection(plain_names([queue])):
                message = "is among `queues` as well, as a dead-letter queue; keep one of them"
                raise wrong(f"{queue} {message}", f"work_queues[{index}]")
        return self

    @model_validator(mode="after")
    def _tag_labels_are_told_apart(self) -> "AwsQueues":
        check_labels_apart(self.tag_labels, "tag_labels", _TAKEN_LABELS)
        return self
