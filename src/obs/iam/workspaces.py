"""The permissions for workspaces of Amazon Managed Prometheus: sources, and what is pushed to one.

Actions and resources are those of the service authorization reference: QueryMetrics for instant and
range queries, RemoteWrite for samples, both on a workspace.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from obs.iam.arns import ANY_ACCOUNT, ArnPlace
from obs.iam.policy import Statement
from obs.iam.policy_options import PolicyOptions
from obs.spec.signed_in import SignedIn, SigV4
from obs.spec.system import System

SERVICE: Final = "aps"
_WORKSPACE: Final = re.compile(r"/workspaces/(ws-[A-Za-z0-9-]+)(?:/|$)")
_QUERY: Final = ("QueryWorkspace", "aps:QueryMetrics")
_WRITE: Final = ("WriteToWorkspace", "aps:RemoteWrite")

SignIn = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Signed:
    """What is asked of one workspace, and how its requests are signed."""

    sid: str
    action: str
    url: str
    by: SigV4

    def workspace(self, account: str | None) -> str:
        """Its ARN; any of the region where the address does not name it."""
        found = _WORKSPACE.search(self.url)
        place = ArnPlace(self.by.region, self.by.role_account or account or ANY_ACCOUNT)
        return place.arn(SERVICE, f"workspace/{found[1] if found else '*'}")


def queried(system: System, options: PolicyOptions) -> Iterator[Signed]:
    """The sources that are workspaces."""
    if "prometheus" in options.kinds:
        yield from _signed(_QUERY, system.sources.prometheus.values())


def used(system: System, options: PolicyOptions) -> tuple[Signed, ...]:
    """All that a collector asks of workspaces."""
    written = system.outputs.remote_write
    pushed = _signed(_WRITE, () if written is None else (written,))
    return (*queried(system, options), *pushed)


def signers(system: System) -> tuple[SigV4, ...]:
    """How all requests to workspaces are signed, by sources and by what is pushed."""
    written = system.outputs.remote_write
    asked = (*system.sources.prometheus.values(), *(() if written is None else (written,)))
    return tuple(each.sigv4 for each in asked if each.sigv4 is not None)


def statements(
    asked: Iterable[Signed], sign_ins: Iterable[SignIn], options: PolicyOptions
) -> Iterator[Statement]:
    """What the identities with these ways to sign in need."""
    ways = set(sign_ins)
    by_action: dict[tuple[str, str], dict[str, None]] = {}
    for each in asked:
        if each.by.sign_in in ways:
            workspace = each.workspace(options.account)
            by_action.setdefault((each.sid, each.action), {})[workspace] = None
    for (sid, action), workspaces in by_action.items():
        yield Statement(sid, (action,), tuple(workspaces))


def _signed(what: tuple[str, str], servers: Iterable[SignedIn]) -> Iterator[Signed]:
    for each in servers:
        if each.sigv4 is not None and each.sigv4.service == SERVICE:
            yield Signed(*what, each.url, each.sigv4)
