"""The permissions that obs needs on AWS and NATS."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from docs._generate.alert_rules import whole
from docs._generate.markdown import block, code, joined, table, words
from obs.errors import BadInput
from obs.iam import ABOUT, ROLES
from obs.iam.policy import Policy, document
from obs.iam.policy_options import PolicyOptions
from obs.iam.roles import policy_for
from obs.sources.nats.permissions import UserRights, rights
from obs.spec.nats import NatsSource


def pages() -> dict[str, str]:
    """One page for AWS, one for NATS."""
    return {"iam": _iam(), "nats-permissions": _nats()}


def _iam() -> str:
    return joined(
        "# IAM permissions",
        "`obs iam policy --spec FILE` prints the policy that your spec needs and nothing more. "
        "Below is what each identity needs where a spec watches everything on AWS, for a system "
        "`shop` in account 123456789012.",
        table(
            ("identity (`--for`)", "who"),
            [*((code(name), words(about)) for name, about in ROLES.items()), ("`trust`", ABOUT)],
        ),
        *_policies(),
    )


def _policies() -> Iterator[str]:
    options = PolicyOptions(account="123456789012")
    for role, about in ROLES.items():
        try:
            policy = policy_for(role, whole(), options)
        except BadInput as error:
            yield joined(f"## {role}", words(f"{about}. Not needed here: {error}"))
            continue
        yield joined(
            f"## {role}",
            words(f"{about}."),
            table(("statement", "actions"), _statements(policy)),
            block(json.dumps(document(policy), indent=2), "json"),
        )


def _statements(policy: Policy) -> Iterator[tuple[str, str]]:
    for each in policy.statements:
        yield each.sid, ", ".join(map(code, each.actions))


def _nats() -> str:
    return joined(
        "# NATS permissions",
        "`obs nats permissions --spec FILE` prints what the users of your spec need, as server "
        "configuration and as `nsc` commands. A right that is missing is named by the error. "
        "With monitoring addresses alone no user is needed.",
        *(
            joined(f"## {title}", about, block(spec, "yaml"), *map(_user, _rights(source)))
            for title, about, spec, source in _WAYS
        ),
    )


def _rights(source: Mapping[str, object]) -> Iterator[UserRights]:
    return rights("main", NatsSource.model_validate(source))


def _user(user: UserRights) -> str:
    return joined(
        block(user.server_configuration(), "text"),
        "Where users have a JWT:",
        block(user.nsc_command(), "sh"),
    )


_CREDENTIALS: Final[dict[str, object]] = {
    "servers": ["tls://nats:4222"],
    "credentials_file": "obs.creds",
}
_WAYS: Final[tuple[tuple[str, str, str, dict[str, object]], ...]] = (
    (
        "Dead letters and exact lag, beside monitoring ports",
        "The connection hears the advisories of its account and looks messages up by sequence.",
        "monitor: [http://nats:8222]\n"
        "connection: {servers: [tls://nats:4222], account: ORDERS, credentials_file: obs.creds}",
        {"monitor": ["http://nats:8222"], "connection": {"account": "ORDERS", **_CREDENTIALS}},
    ),
    (
        "An account alone: hosted NATS, tenants, leaf nodes",
        "Streams and consumers are listed with the account's own rights.",
        "connection: {servers: [tls://nats:4222], account: ORDERS, credentials_file: obs.creds}",
        {"connection": {"account": "ORDERS", **_CREDENTIALS}},
    ),
    (
        "The system account: a whole cluster over one connection",
        "The servers answer as their monitoring ports do.",
        "system: {servers: [tls://nats:4222], credentials_file: obs.creds}",
        {"system": _CREDENTIALS},
    ),
)
