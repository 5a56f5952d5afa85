"""Reads the policies of IAM roles, without judging them."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from obs.bounded_json import load_json
from obs.checks.aws.permissions import RoleFacts, identity
from obs.checks.aws.policy import statements
from obs.clients.aws import AwsClient

_PAGES: Final = 100


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
    for policy in _listed(client, f"List{of}Policies", "PolicyNames", who):
        answer = client.call("iam", f"Get{of}Policy", **who, PolicyName=policy)
        yield policy, statements(_document(answer["PolicyDocument"]))
    for attached in _listed(client, f"ListAttached{of}Policies", "AttachedPolicies", who):
        arn = attached["PolicyArn"]
        version = client.call("iam", "GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        answer = client.call("iam", "GetPolicyVersion", PolicyArn=arn, VersionId=version)
        yield attached["PolicyName"], statements(_document(answer["PolicyVersion"]["Document"]))


def _listed(client: AwsClient, operation: str, member: str, who: dict[str, str]) -> Iterator[Any]:
    """IAM pages with markers."""
    marker: dict[str, str] = {}
    for _ in range(_PAGES):
        page = client.call("iam", operation, **who, **marker)
        yield from page[member]
        if not page.get("IsTruncated"):
            return
        marker = {"Marker": page["Marker"]}


def _document(found: Any) -> Any:
    """boto3 parses it already, except where an emulator encodes it differently."""
    return load_json(unquote(found)) if isinstance(found, str) else found
