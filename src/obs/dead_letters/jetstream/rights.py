"""The rights that `obs dlq` needs on NATS, and no others."""

from collections.abc import Iterator, Sequence
from typing import Final

from obs.sources.nats import subjects
from obs.sources.nats.connection import names
from obs.sources.nats.permissions import UserRights
from obs.spec.nats import NatsSource

_ANY: Final = "*"


def rights(name: str, spec: NatsSource, replay_to: Sequence[str]) -> Iterator[UserRights]:
    """What each user of a source needs; `replay_to`: the subjects that are replayed to."""
    for key, each in names(spec).items():
        published = each.dead_letters.stream if each.dead_letters else None
        streams = [stream for stream in (each.advisory_stream, published) if stream]
        if not streams:
            continue
        api = each.api
        publish = [subjects.stream_info(api, _ANY), subjects.stored_message(api, _ANY)]
        for stream in streams:
            publish += [f"{api}.CONSUMER.CREATE.{stream}", f"{api}.CONSUMER.MSG.NEXT.{stream}.*"]
            publish.append(subjects.deleted_message(api, stream))
        at = f"sources.nats.{name}.{key}"
        allowed = tuple(dict.fromkeys((*publish, *replay_to)))
        yield UserRights(at, each.account, each.user or "", allowed, (subjects.INBOX,))
