"""The trust policies of the spec's roles: who may assume each, and on which conditions."""

import re
from collections.abc import Iterator
from typing import Final

from obs.errors import BadInput
from obs.iam.identity import identities
from obs.iam.policy import VERSION, PolicyDocument
from obs.iam.workspaces import signers
from obs.spec.aws_accounts import AwsCredentials
from obs.spec.system import System

_PRINCIPAL: Final = re.compile(r"arn:aws[a-z-]*:(?:iam|sts)::[0-9]{12}:\S+")
_SESSION: Final = re.compile(r"(arn:aws[a-z-]*):sts::([0-9]{12}):assumed-role/([^/]+)/.*")
_PROVIDER: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/(.+)")
_AUDIENCE: Final = "sts.amazonaws.com"


def trust_policies(
    system: System, principal: str | None, source: str | None = None
) -> dict[str, PolicyDocument]:
    """The trust policy of each role, by its ARN. Raises BadInput where the spec has no role, or
    `principal` cannot assume it."""
    found = {
        access.role_arn: _trust(access, access.role_arn, _known(principal))
        for access in _accesses(system, source)
        if access.role_arn is not None
    }
    if not found:
        raise BadInput("trust: the spec has no role_arn, so no role is assumed")
    return found


def _accesses(system: System, source: str | None) -> Iterator[AwsCredentials]:
    """Each way to sign in; without `source`, those that sign requests to Prometheus too."""
    signed = () if source else signers(system)
    if system.sources.aws or not signed:
        yield from (next(iter(each.values())) for each in identities(system, source).values())
    yield from signed


def _known(principal: str | None) -> str:
    if principal is None:
        raise BadInput(
            "trust: name the identity that assumes the roles with --principal ARN, as `aws sts "
            "get-caller-identity` prints it; for a web identity token, the ARN of its OIDC provider"
        )
    if not _PRINCIPAL.fullmatch(principal):
        raise BadInput(
            f"--principal {principal}: write an ARN, for example "
            "arn:aws:iam::123456789012:role/collector"
        )
    session = _SESSION.fullmatch(principal)  # a session is gone tomorrow, its role is not
    return "{}:iam::{}:role/{}".format(*session.groups()) if session else principal


def _trust(spec: AwsCredentials, role: str, principal: str) -> PolicyDocument:
    provider = _PROVIDER.fullmatch(principal)
    if spec.web_identity_token_file is None:
        if provider:
            raise BadInput(f"--principal {principal}: {role} is assumed with credentials")
        who, action = {"AWS": principal}, "sts:AssumeRole"
        asked = {"sts:ExternalId": spec.external_id} if spec.external_id else {}
    else:
        if not provider:
            raise BadInput(
                f"--principal {principal}: {role} is assumed with a web identity token; write the "
                f"ARN of its OIDC provider, arn:aws:iam::{spec.role_account}:oidc-provider/HOST"
            )
        partition = role.split(":")[1]
        own = f"arn:{partition}:iam::{spec.role_account}:oidc-provider/{provider[1]}"
        who, action = {"Federated": own}, "sts:AssumeRoleWithWebIdentity"
        asked = {f"{provider[1]}:aud": _AUDIENCE}
    statement = {
        "Sid": "ObsAssumesThisRole",
        "Effect": "Allow",
        "Principal": who,
        "Action": action,
        **({"Condition": {"StringEquals": asked}} if asked else {}),
    }
    return {"Version": VERSION, "Statement": [statement]}


def trust_remarks(system: System) -> list[str]:
    """What the trust policies leave open."""
    accesses = (*system.sources.aws.values(), *signers(system))
    tokens = any(each.web_identity_token_file for each in accesses)
    subject = "add a condition HOST:sub with the subject of the token, or any of the issuer may in"
    return [subject] if tokens else []
