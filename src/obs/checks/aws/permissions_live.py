"""Reads the policies of IAM roles, without judging them."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from obs.bounded_json import UnreadableJson, load_json
from obs.checks.aws.permissions import RoleFacts, identity
from obs.checks.aws.policy import statements
from obs.clients.aws import AwsClient
from obs.errors import SourceError


def read_role(client: AwsClient, arn: str | None) -> RoleFacts:
    """What the role of this ARN permits; for None, that of the current credentials.

    Raises SourceError.
    """
    who = arn or str(client.call("sts", "GetCallerIdentity")["Arn"])
    kind, name = identity(who)
    if kind == "root":
        return RoleFacts(kind, name, {}, "uses the account's root user, which may do everything")
    if kind == "other":
        return RoleFacts(
            kind, name, {}, "is neither an IAM role nor an IAM user, and cannot be checked"
        )
    return RoleFacts(kind, name, dict(_policies(client, kind, name)))


def _policies(client: AwsClient, kind: str, name: str) -> Iterator[tuple[str, Any]]:
    """Inline and attached policies, each by its name."""
    of, who = kind.capitalize(), {f"{kind.capitalize()}Name": name}
    for policy in client.listed("iam", f"List{of}Policies", "PolicyNames", **who):
        answer = client.call("iam", f"Get{of}Policy", **who, PolicyName=policy)
        yield policy, statements(_document(answer["PolicyDocument"]))
    for attached in client.listed("iam", f"ListAttached{of}Policies", "AttachedPolicies", **who):
        arn = attached["PolicyArn"]
        version = client.call("iam", "GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        answer = client.call("iam", "GetPolicyVersion", PolicyArn=arn, VersionId=version)
        yield attached["PolicyName"], statements(_document(answer["PolicyVersion"]["Document"]))


def _document(found: Any) -> Any:
    """boto3 parses it already, except where an emulator encodes it differently."""
    if not isinstance(found, str):
        return found
    try:
        return load_json(unquote(found))
    except UnreadableJson as error:
        raise SourceError("decode", f"IAM: a policy that {error}") from None
