"""Letters sent to their targets, those of one target together."""

from collections.abc import Iterator, Mapping, Sequence

from obs.clients.aws import AwsClient
from obs.dead_letters.box import Outcome, Parcel
from obs.dead_letters.sqs.letter import Message
from obs.dead_letters.sqs.senders import SENDERS, Letter, Target


class Sending:
    """Sends the letters of one box. `groups`: message groups of FIFO queues by their ARNs."""

    def __init__(self, client: AwsClient, box: str, groups: Mapping[str, str]) -> None:
        self._client = client
        self._box = box
        self._groups = groups
        self._urls: dict[str, str] = {}

    def send(self, parcels: Sequence[Parcel], messages: Mapping[str, Message]) -> Iterator[Outcome]:
        """Send each parcel, whose messages are there by the ids of the letters.

        Raises SourceError, after which what became of the rest is not known.
        """
        by_target: dict[str, list[Parcel]] = {}
        for each in parcels:
            by_target.setdefault(each.route.to, []).append(each)
        for to, group in by_target.items():
            letters = [
                Letter(
                    messages[each.letter.id],
                    f"{self._box}/{each.letter.id}",
                    self._groups.get(to, ""),
                )
                for each in group
            ]
            sending = SENDERS[to.split(":")[2]].send(Target(self._client, to, self._urls), letters)
            for parcel, letter, sent in zip(group, letters, sending, strict=True):
                names = (letter.of, sent.name) if sent.name else (letter.of,)
                yield Outcome(parcel.letter, names, refused=sent.refused)
