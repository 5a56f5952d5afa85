"""Tags of rules, buses, queues, functions, …: read rarely, to select and to label."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from obs.clients.aws import AwsClient
from obs.clients.aws_queues import tagged_resources
from obs.errors import SourceError
from obs.redaction.text import one_line
from obs.snapshot.aws import Rule
from obs.snapshot.aws_services import Resource
from obs.snapshot.aws_tags import ResourceTags, Tags
from obs.sources.aws.services.kinds import watched
from obs.spec.aws import AwsSource
from obs.spec.globs import plain_names

EVERY: Final = 900.0
"""Seconds between two readings, where inventories are not rarer."""
_TYPES: Final = ("events:event-bus", "events:rule", "sqs")
_MOST: Final = 50_000  # resources with tags that are kept
_LONGEST: Final = 200  # characters of a value that becomes a label
_NONE: Final = ResourceTags()

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Selection:
    """What the spec's tags select; everything where it has none."""

    wanted: Tags
    found: ResourceTags

    def takes_rule(self, rule: Rule, globs: Sequence[str]) -> bool:
        """Whether a rule that these globs match is watched: by its tags or those of its bus."""
        if not self.wanted or rule.name in plain_names(globs):
            return True
        of_rule = self.found.rules.get((rule.bus, rule.name), {})
        return self._has_all({**self.found.buses.get(rule.bus, {}), **of_rule})

    def takes_queue(self, name: str, globs: Sequence[str]) -> bool:
        """Whether a queue that these globs match is watched."""
        named = not self.wanted or name in plain_names(globs)
        return named or self._has_all(self.found.queues.get(name, {}))

    def takes(self, resource: Resource, globs: Sequence[str]) -> bool:
        """Whether another object that these globs match is watched."""
        named = not self.wanted or resource.name in plain_names(globs)
        return named or self._has_all(self.found.others.get(resource, {}))

    def _has_all(self, tags: Tags) -> bool:
        wanted = self.wanted.items()
        return all(tags.get(key) == one_line(value, _LONGEST) for key, value in wanted)


class TagReader:
    """The tags of one source's resources, read at most once in EVERY seconds."""

    def __init__(self, name: str, client: AwsClient, spec: AwsSource) -> None:
        self._name = name
        self._client = client
        self._spec = spec
        self._read_at: float | None = None
        self._known = _NONE

    def read(self, now: float) -> ResourceTags:
        """The tags; none where the spec asks for none.

        Raises SourceError where they select and are not known. Where they only label, what was
        known stays.
        """
        if not self._spec.reads_tags:
            return _NONE
        at = self._read_at
        if at is not None and 0 <= now - at < max(EVERY, self._spec.inventory_every):
            return self._known
        try:
            self._known = self._read()
            self._read_at = now
        except SourceError as error:
            if self._spec.tags and at is None:
                raise
            _log.warning("%s: keeping the tags known so far: %s", self._name, error)
        return self._known

    def _read(self) -> ResourceTags:
        rules: dict[tuple[str, str], Tags] = {}
        buses: dict[str, Tags] = {}
        queues: dict[str, Tags] = {}
        others: dict[Resource, Tags] = {}
        kinds = [kind for kind in watched(self._spec) if kind.tag_type]
        types = (*_TYPES, *(kind.tag_type for kind in kinds))
        # A rule may have some of the tags from its bus, so that all of them are asked for.
        for number, (arn, tags) in enumerate(tagged_resources(self._client, types, {})):
            if number >= _MOST:
                raise SourceError("too_large", f"GetResources: more than {_MOST:,} resources")
            kept = self._kept(tags)
            service, _, resource = arn.removeprefix("arn:").partition(":")[2].partition(":")
            name = resource.split(":", 2)[-1]
            if not kept or not name.isprintable():
                continue
            kind, _, rest = name.partition("/")
            if service == "sqs":
                queues[name] = kept
            elif kind == "event-bus":
                buses[rest] = kept
            elif kind == "rule":
                bus, _, rule = rest.rpartition("/")
                rules[bus or "default", rule] = kept
            else:
                found = (Resource(each.key, each.tagged(arn) or "") for each in kinds)
                others |= dict.fromkeys((one for one in found if one.name), kept)
        return ResourceTags(rules, buses, queues, others)

    def _kept(self, tags: Tags) -> Tags:
        """The tags that select or become labels, without secrets and fit for a label."""
        keys = (*self._spec.tags, *self._spec.tag_labels)
        return {key: one_line(tags[key], _LONGEST) for key in keys if tags.get(key)}
