"""Letters sent to their targets, those of one target together."""

from collections.abc import Iterator, Mapping, Sequence

from obs.clients.aws import AwsClient
from obs.dead_letters.box import Outcome, Parcel
from obs.dead_letters.sqs.letter import Message
from obs.dead_letters.sqs.senders import SENDERS, Letter


def send(
    client: AwsClient,
    box: str,
    parcels: Sequence[Parcel],
    messages: Mapping[str, Message],
    groups: Mapping[str, str],
) -> Iterator[Outcome]:
    """Send each parcel; `groups`: message groups of FIFO queues by their ARNs.

    Raises SourceError, after which what became of the rest is not known.
    """
    by_target: dict[str, list[Parcel]] = {}
    for each in parcels:
        by_target.setdefault(each.route.to, []).append(each)
    for to, group in by_target.items():
        letters = [
            Letter(messages[each.letter.id], f"{box}/{each.letter.id}", groups.get(to, ""))
            for each in group
        ]
        sending = SENDERS[to.split(":")[2]].send(client, to, letters)
        for parcel, letter, sent in zip(group, letters, sending, strict=True):
            names = (letter.of, sent.name) if sent.name else (letter.of,)
            yield Outcome(parcel.letter, names, refused=sent.refused)
