"""The rights that the NATS users of a source need, and no others."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from obs.sources.nats import subjects
from obs.sources.nats.connection import names
from obs.sources.nats.group_pages import GroupPages
from obs.spec.nats import NatsConnection, NatsSource

_ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class UserRights:
    """The subjects that one user must be allowed to publish and to subscribe to.

    `connection`: where the spec names the user. `account`: whose user it is; empty: the system's.
    """

    connection: str
    account: str
    user: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]

    def publishing(self, subjects: tuple[str, ...]) -> "UserRights":
        """The same with these subjects to publish to as well."""
        return replace(self, publish=tuple(dict.fromkeys((*self.publish, *subjects))))

    def server_configuration(self) -> str:
        """The user's `permissions` for the configuration of a server."""
        return (
            "permissions: {\n"
            f"  publish: {{allow: {json.dumps(self.publish)}}}\n"
            f"  subscribe: {{allow: {json.dumps(self.subscribe)}}}\n"
            "}"
        )

    def nsc_command(self) -> str:
        """The same for a user with a JWT."""
        account, user = self.account or "SYS", self.user or "obs"
        return shlex.join(
            [
                *("nsc", "edit", "user", "--account", account, "--name", user),
                *("--allow-pub", ",".join(self.publish)),
                *("--allow-sub", ",".join(self.subscribe)),
            ]
        )


def rights(name: str, spec: NatsSource) -> Iterator[UserRights]:
    """What each user of a source needs; none where it has monitoring addresses only."""
    if spec.system is not None:
        asked: tuple[str, ...] = (
            *(subjects.SERVERS, subjects.VARZ, subjects.HEALTHZ, subjects.JSZ),
            *GroupPages(spec).subjects(),
        )
        if "accounts" in spec.collect:
            asked = (*asked, subjects.account_detail(_ANY))
        at = f"sources.nats.{name}.system"
        yield UserRights(at, "", spec.system.user or "", asked, (subjects.INBOX,))
    lists = not spec.monitor and spec.system is None
    for key, each in names(spec).items():
        at = f"sources.nats.{name}.{key}"
        publish, subscribe = _of(each, lists=lists)
        if "services" in spec.collect:
            publish = (*publish, subjects.SERVICES)
        if lists and "accounts" in spec.collect:
            publish = (*publish, subjects.account_info(each.api))
        yield UserRights(at, each.account, each.user or "", publish, subscribe)


def _of(connection: NatsConnection, *, lists: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What it publishes and subscribes to; `lists`: it reads streams and consumers too."""
    api = connection.api
    publish = [subjects.stored_message(api, _ANY)]
    if lists:
        publish += [subjects.stream_list(api), subjects.consumer_list(api, _ANY)]
    publish += [subjects.stream_info(api, each) for each in connection.count_subjects]
    subscribe = [subjects.INBOX]
    if connection.advisory_stream is not None:
        publish += subjects.reading(api, connection.advisory_stream)
    else:
        prefixes = ["", *(f"{prefix}." for prefix in connection.imports.values())]
        subscribe += [prefix + each for prefix in prefixes for each in subjects.DEAD_LETTERS]
    known = set(subscribe)
    subscribe += [each for each, *_ in subjects.events(connection) if each not in known]
    return tuple(dict.fromkeys(publish)), tuple(subscribe)
