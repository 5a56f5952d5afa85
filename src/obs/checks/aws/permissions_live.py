"""The policies of IAM roles as they are: read, without judging them."""

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from obs.checks.aws.permissions import RoleFacts, identity
from obs.checks.aws.policy import statements
from obs.clients.aws import AwsClient

_PAGES: Final = 100


def read_role(client: AwsClient, arn: str | None) -> RoleFacts:
    """What the role of this ARN permits, or whoever signs in where it is None.

    Raises SourceError.
    """
    who = arn or str(client.call("sts", "GetCallerIdentity")["Arn"])
    kind, name = identity(who)
    if kind == "root":
        return RoleFacts(kind, name, {}, "signs in as the root of the account, who may do all")
    if kind == "somebody":
        return RoleFacts(kind, name, {}, "is neither a role nor a user of IAM: not looked at")
    return RoleFacts(kind, name, dict(_policies(client, kind, name)))


def _policies(client: AwsClient, kind: str, name: str) -> Iterator[tuple[str, Any]]:
    """Those written into it, and those attached; each by its name."""
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
    """IAM pages by markers of its own."""
    marker: dict[str, str] = {}
    for _ in range(_PAGES):
        page = client.call("iam", operation, **who, **marker)
        yield from page[member]
        if not page.get("IsTruncated"):
            return
        marker = {"Marker": page["Marker"]}


def _document(found: Any) -> Any:
    """boto3 has parsed it already, unless whoever answers encodes it in another way."""
    return json.loads(unquote(found)) if isinstance(found, str) else found
