"""SQS queues, their causes of dead letters, and tags, as families."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from obs.catalogue import sqs
from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache, whole
from obs.snapshot.aws import Queue, Rule
from obs.snapshot.aws_services import Resource
from obs.snapshot.aws_tags import ResourceTags, Tags
from obs.snapshot.sqs import QueueCauses
from obs.spec.label_keys import label_of

_NO_TAGS: Final[Tags] = {}


def queue_state_families(source: str, queues: Sequence[Queue], cache: RowCache) -> list[Family]:
    """Messages in flight and delayed, and the role of each queue."""
    rows = cache.rows("queues", [(source, queue.name) for queue in queues])
    roles = cache.rows("roles", [(source, queue.name, queue.role) for queue in queues])
    return [
        Family(sqs.QUEUE_IN_FLIGHT, rows, [queue.in_flight for queue in queues]),
        Family(sqs.QUEUE_DELAYED, rows, [queue.delayed for queue in queues]),
        Family(sqs.QUEUE_ROLE, roles, [1] * len(queues)),
    ]


def counter_families(
    source: str,
    queues: Sequence[str],
    total: Callable[[str, Metric], float],
    since: float,
    cache: RowCache,
) -> list[Family]:
    """The counters of work queues, which were 0 at `since` (Unix seconds)."""
    rows = cache.rows("work queues", [(source, queue) for queue in queues])
    return [
        Family(metric, rows, [whole(total(queue, metric)) for queue in queues], since)
        for metric in sqs.QUEUE_COUNTERS
    ]


def cause_families(source: str, causes: Mapping[str, QueueCauses], cache: RowCache) -> list[Family]:
    """Messages by cause; nothing where no queue is read."""
    if not causes:
        return []
    counted = [
        ((source, queue, cause.error_code, cause.bus, cause.rule, cause.target), messages)
        for queue, known in causes.items()
        for cause, messages in known.messages.items()
    ]
    rows = cache.rows("causes", [labels for labels, _ in counted])
    return [Family(sqs.CAUSES, rows, [messages for _, messages in counted])]


class TagFamilies:
    """The families of one source's tags, with the spec's labels after those of the objects."""

    def __init__(self, source: str, keys: Sequence[str], others: Mapping[str, Metric]) -> None:
        """`others`: by kind of further resources the metric of their tags."""
        self._source = source
        self._keys = tuple(keys)
        labels = tuple(label_of(key) for key in keys)
        self._of_rule = sqs.RULE_TAGS.with_labels(labels)
        self._of_queue = sqs.QUEUE_TAGS.with_labels(labels)
        self._of_others = {kind: metric.with_labels(labels) for kind, metric in others.items()}

    def of(
        self,
        rules: Sequence[Rule],
        queues: Sequence[Queue],
        resources: Sequence[Resource],
        tags: ResourceTags,
        cache: RowCache,
    ) -> list[Family]:
        """A family for each kind; none where the spec chooses no key. A rule has the tags of its
        bus too."""
        if not self._keys:
            return []
        of_rules = [
            (self._source, rule.bus, rule.name, *values)
            for rule in rules
            if any(
                values := self._values(
                    {
                        **tags.buses.get(rule.bus, _NO_TAGS),
                        **tags.rules.get((rule.bus, rule.name), _NO_TAGS),
                    }
                )
            )
        ]
        of_queues = [
            (self._source, queue.name, *values)
            for queue in queues
            if any(values := self._values(tags.queues.get(queue.name, _NO_TAGS)))
        ]
        return [
            _family(self._of_rule, of_rules, cache),
            _family(self._of_queue, of_queues, cache),
            *(
                _family(metric, self._rows(kind, resources, tags), cache)
                for kind, metric in self._of_others.items()
                if any(one.kind == kind for one in resources)
            ),
        ]

    def _rows(
        self, kind: str, resources: Sequence[Resource], tags: ResourceTags
    ) -> list[tuple[str, ...]]:
        return [
            (self._source, one.name, *values)
            for one in resources
            if one.kind == kind and any(values := self._values(tags.others.get(one, _NO_TAGS)))
        ]

    def _values(self, tags: Tags) -> tuple[str, ...]:
        return tuple(tags.get(key, "") for key in self._keys)


def _family(metric: Metric, rows: Sequence[tuple[str, ...]], cache: RowCache) -> Family:
    return Family(metric, cache.rows(metric.name, rows), [1] * len(rows))
