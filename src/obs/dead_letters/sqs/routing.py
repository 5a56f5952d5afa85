"""Where a message of a dead-letter queue goes when it is replayed.

To the one target that failed: putting an event back on its bus runs every rule that matches it, of
which all but one have had it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from obs.clients.aws import AwsClient
from obs.dead_letters.box import Route
from obs.dead_letters.sqs.letter import Message, attribute, event_of, system_attribute
from obs.dead_letters.sqs.senders import SENDERS
from obs.errors import SourceError

BUS: Final = "bus"
"""What `--to` says for the bus of the rule."""
_ARN_PARTS: Final = 6
_TRANSFORMS: Final = ("Input", "InputPath", "InputTransformer")


class Arn(NamedTuple):
    """The parts of an ARN that matter here."""

    service: str
    region: str
    account: str
    resource: str


def arn_of(text: str) -> Arn | None:
    """The ARN; None where the text is none."""
    parts = text.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS or parts[0] != "arn" or not parts[5]:
        return None
    return Arn(parts[2], parts[3], parts[4], parts[5])


def rule_of(arn: str) -> tuple[str, str]:
    """Bus and rule of a rule's ARN; empty where it is none."""
    found = arn_of(arn)
    kind, _, rest = found.resource.partition("/") if found else ("", "", "")
    bus, _, rule = rest.rpartition("/")
    return (bus or "default", rule) if kind == "rule" and rule else ("", "")


class Routing:
    """The routes of one queue's messages; targets are read once for each rule."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client
        self._targets: dict[tuple[str, str], Sequence[Mapping[str, Any]] | str] = {}
        self.groups: dict[str, str] = {}
        """The message group that a rule gives its messages, by the ARN of a FIFO queue."""

    def route(self, message: Message, to: str | None) -> Route:
        """Where a message goes; with `to` there, otherwise to what did not accept it."""
        if to == BUS:
            return self._to_bus(message)
        if to is not None:
            return self._checked(to, message)
        source = system_attribute(message, "DeadLetterQueueSourceArn")
        if attribute(message, "TARGET_ARN"):
            return self._to_target(message)
        if source:
            return self._checked(source, message)
        return Route("", "", "nothing tells where it comes from; give --to ARN")

    def warnings(self, routes: Sequence[Route]) -> list[str]:
        """What replaying by these routes does beside what is meant."""
        buses = {each.to for each in routes if ":event-bus/" in each.to}
        return [
            f"{each.rpartition('/')[2]}: every rule of the bus that matches gets the event again, "
            "under a new id"
            for each in sorted(buses)
        ]

    def _to_bus(self, message: Message) -> Route:
        rule = attribute(message, "RULE_ARN")
        bus, _ = rule_of(rule)
        if not bus:
            return Route("", "", "no rule of EventBridge sent it, so it has no bus; give --to ARN")
        return self._checked(f"{':'.join(rule.split(':')[:5])}:event-bus/{bus}", message)

    def _to_target(self, message: Message) -> Route:
        target = attribute(message, "TARGET_ARN")
        key = rule_of(attribute(message, "RULE_ARN"))
        if key not in self._targets:
            self._targets[key] = self._read(*key)
        targets = self._targets[key]
        if isinstance(targets, str):
            return Route(target, "", targets)
        found = [each for each in targets if each.get("Arn") == target]
        if not found:
            return Route(target, "", "the rule has this target no more; give --to ARN or --to bus")
        if any(each.get(name) for each in found for name in _TRANSFORMS):
            return Route(
                target, "", "its rule transforms what the target gets; only --to bus does that"
            )
        if group := found[0].get("SqsParameters", {}).get("MessageGroupId"):
            self.groups[target] = str(group)
        return self._checked(target, message)

    def _read(self, bus: str, rule: str) -> Sequence[Mapping[str, Any]] | str:
        if not rule:
            return "nothing tells its rule; give --to ARN"
        try:
            return [dict(each) for each in self._client.targets(bus, rule)]
        except SourceError as error:
            if error.reason != "http_status":
                raise
            return f"rule {bus}/{rule} cannot be read; give --to ARN or --to bus"

    def _checked(self, to: str, message: Message) -> Route:
        arn = arn_of(to)
        sender = SENDERS.get(arn.service) if arn else None
        if arn is None or sender is None:
            can = ", ".join(sorted(each.words for each in SENDERS.values()))
            return Route(to, "", f"obs cannot send to it, only to {can}; give --to ARN or --to bus")
        if arn.region != self._client.region:
            return Route(to, "", f"it is in {arn.region}, and this source in {self._client.region}")
        if arn.service == "events" and event_of(message) is None:
            return Route(to, "", "it is not an event of EventBridge, so no bus takes it")
        return Route(to, sender.message_id(to, message))
