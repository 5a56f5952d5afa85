"""Whether a NATS cluster is reached, by which versions, and what its users may not do."""

import asyncio
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from obs.checks.check import Check
from obs.checks.clocks import judge_clock
from obs.checks.context import CheckContext
from obs.checks.finding import CheckFinding, doubtful, right, wrong
from obs.checks.nats.catalogue import CHECKS
from obs.checks.nats.facts import everything
from obs.clients.nats import denied_subjects
from obs.errors import SourceError
from obs.redaction.address import shown_address
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.connection import names
from obs.sources.nats.permissions import UserRights, rights
from obs.spec.nats_login import NatsLogin
from obs.spec.system import System

_ABSENT: Final = "the spec has no NATS source"
_NO_USER: Final = "no NATS source signs in: they have monitoring addresses only"
_PERMISSIONS: Final = "obs nats permissions"

Denied = Mapping[str, tuple[str, ...]]
"""Subjects by the deed: publish, subscribe."""


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def judge_reach(system: System, name: str, found: NatsSnapshot) -> Iterator[CheckFinding]:
    """What answers, its versions and clocks, and whether there is anything to watch."""
    servers = [each for each in found.servers if each.up and not each.is_account]
    versions = ", ".join(sorted({each.version for each in found.servers if each.version}))
    counts = (
        f"{_counted(len(found.streams), 'stream')}, {_counted(len(found.consumers), 'consumer')}"
    )
    who = (
        f"{len(servers)} of {_counted(len(found.servers), 'server')}" if servers else "the account"
    )
    of = f" (nats-server {versions})" if versions else ""
    yield right(name, f"{who} answered{of}: {counts}")
    if not found.streams and found.fault is None:
        yield doubtful(
            name,
            "there is no stream: JetStream is off, or nothing is created yet",
            "nats stream ls",
        )
    for each in found.servers:
        if each.clock_ahead is not None:
            yield judge_clock(f"{name}: {each.name or each.address}", *each.clock_ahead)


def _advise(system: System, name: str, error: SourceError) -> str:
    if error.reason == "auth":
        return _PERMISSIONS
    spec = system.sources.nats[name]
    if not spec.monitor:
        where = spec.where.replace(", ", ",")
        return f"nats --server {shlex.quote(where)} rtt"
    return f"curl -sS {shlex.quote(shown_address(spec.monitor[0]) + '/varz')}"


def _users(system: System) -> dict[str, tuple[NatsLogin, UserRights]]:
    """The users that the spec signs in with, by SOURCE.CONNECTION."""
    found = {}
    for name, spec in system.sources.nats.items():
        logins: dict[str, NatsLogin] = {**names(spec)}
        if spec.system:
            logins["system"] = spec.system
        for each in rights(name, spec):
            key = each.connection.removeprefix(f"sources.nats.{name}.")
            found[f"{name}.{key}"] = logins[key], each
    return found


def _read_denied(context: CheckContext, subject: str) -> Denied:
    login, user = _users(context.system)[subject]
    return asyncio.run(denied_subjects(login, "obs doctor", user.publish, user.subscribe))


def judge_rights(system: System, subject: str, denied: Denied) -> Iterator[CheckFinding]:
    """Whether a user has all rights that `obs nats permissions` prints."""
    _, user = _users(system)[subject]
    if not denied:
        number = len(user.publish) + len(user.subscribe)
        yield right(subject, f"signs in, and its user has all {number} rights that it needs")
    for deed, to in denied.items():
        what = f"its user lacks the permission to {deed} to {', '.join(to)}"
        yield wrong(subject, what, _PERMISSIONS)


def _advise_login(system: System, subject: str, error: SourceError) -> str:
    login, _ = _users(system)[subject]
    if error.reason == "auth":
        return f"correct its credentials in the spec: sources.nats.{subject}"
    return f"nats --server {shlex.quote(','.join(login.servers))} rtt"


REACH: Final[tuple[Check[Any], ...]] = (
    Check(
        "nats-reach",
        "Does each NATS cluster answer, and is its clock right?",
        lambda system: tuple(system.sources.nats),
        _ABSENT,
        read=everything,
        judge=judge_reach,
        advise=_advise,
    ),
    replace(next(each for each in CHECKS if each.name == "nats-servers"), advise=_advise),
    Check(
        "nats-rights",
        "May the NATS users do what the collector does?",
        lambda system: tuple(_users(system)),
        _NO_USER,
        read=_read_denied,
        judge=judge_rights,
        advise=_advise_login,
    ),
)
