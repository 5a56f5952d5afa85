"""Accounts of an AWS source, and how each is signed in to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from obs.spec.model import LocalFile, Matching, Model, Name, wrong

_SOME_REGION: Final = "us-east-1"

RoleArn = Annotated[
    str,
    Matching(
        r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$",
        "a role's ARN, for example arn:aws:iam::123456789012:role/obs",
    ),
]
"""The ARN of an IAM role."""

ExternalId = Annotated[
    str,
    Matching(
        r"^[A-Za-z0-9_+=,.@:/-]{2,1224}$", "2 to 1224 letters, digits and the characters _+=,.@:/-"
    ),
]
"""What the trust policy of a role in somebody else's account asks for. It is no secret."""


class AwsCredentials(Model):
    """How an AWS account is signed in to (default: the AWS credential chain)."""

    profile: str | None = None
    """Profile of the AWS configuration files (default: the AWS credential chain)."""
    role_arn: RoleArn | None = None
    """Role to assume."""
    external_id: ExternalId | None = None
    """External ID that the role's trust policy requires."""
    web_identity_token_file: LocalFile | None = None
    """File with the OIDC token to assume the role with, read anew whenever credentials are renewed;
    no other credentials are needed."""

    @property
    def role_account(self) -> str | None:
        """The number of the role's account; None without a role."""
        return self.role_arn.split(":")[4] if self.role_arn else None

    @property
    def sign_in(self) -> tuple[str | None, ...]:
        """What sources with the same credentials have in common."""
        return (self.profile, self.role_arn, self.external_id, self.web_identity_token_file)


class AwsAccount(AwsCredentials):
    """One of several accounts. What it leaves out is as the source says."""

    name: Name
    """Name of your own; it becomes part of the source's name."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class AwsGroup:
    """A source that the spec writes once for several accounts or regions: the names of the sources
    that it stands for, in its order, and the dollars a month that they may cost together."""

    name: str
    members: tuple[str, ...]
    budget: float | None


def in_account(role_arn: str, account: str) -> str:
    """The ARN of the role of the same path and name in an account."""
    parts = role_arn.split(":")
    return ":".join((*parts[:4], account, *parts[5:]))


def named(source: str, account: AwsAccount | None, region: str | None) -> str:
    """The name of a source that one as written stands for; without what it has only one of."""
    return "-".join([source, *([account.name] if account else []), *([region] if region else [])])


def needs_no_region(schema: dict[str, Any]) -> None:
    """Say in the JSON Schema of a source that it may do without `region`: it may have `regions`."""
    schema["required"] = [name for name in schema["required"] if name != "region"]


def either_region(written: Any) -> Any:
    """A source as written, with some region where it has `regions`: then `region` is not missing.
    Each of its regions becomes a source, which has that one."""
    if _given(written, "regions") and not _given(written, "region"):
        return {**written, "region": _SOME_REGION}
    return written


def check_regions(regions: Sequence[str], written: Any) -> None:
    """Raises an error from `wrong` where a source has both `region` and `regions`, or one twice."""
    if regions and _given(written, "region"):
        raise wrong("write region or regions, and not both", "region")
    if twice := _twice(regions):
        raise wrong(f"{twice} is there twice; remove one", "regions")


def check_accounts(source: AwsCredentials, accounts: Sequence[AwsAccount]) -> None:
    """Raises an error from `wrong` where the credentials of a source, or of one of its accounts,
    cannot be used, or where two accounts are the same."""
    if not accounts:
        check_credentials(source)
        return
    if twice := _twice([account.name for account in accounts]):
        raise wrong(f"two accounts are called {twice}; rename one", "accounts")
    alike: dict[tuple[str | None, ...], str] = {}
    for account in accounts:
        whole = source.model_copy(update=credentials_of(source, account))
        check_credentials(whole, f"account {account.name}: ")
        first = alike.setdefault(whole.sign_in, account.name)
        if first != account.name:
            raise wrong(
                f"{first} and {account.name} sign in to the same account in the same way; remove "
                "one, or correct its role_arn or profile",
                "accounts",
            )


def credentials_of(source: AwsCredentials, account: AwsAccount | None) -> dict[str, str | None]:
    """The credentials for an account by field: its own, else those of its source."""
    of_source = {field: getattr(source, field) for field in AwsCredentials.model_fields}
    if account is None:
        return of_source
    own = {field: getattr(account, field) for field in of_source}
    # An external ID is for a role and goes with none; what signs in otherwise needs no profile.
    if own["web_identity_token_file"]:
        of_source |= {"profile": None, "external_id": None}
    found = {field: own[field] or of_source[field] for field in of_source}
    return found if found["role_arn"] else found | {"external_id": None}


def check_credentials(credentials: AwsCredentials, of: str = "") -> None:
    """Raises an error from `wrong` about credentials that cannot be used. `of`: whose they are,
    before the sentence, where they are those of an account."""
    token, external_id = credentials.web_identity_token_file, credentials.external_id
    if token is not None and credentials.role_arn is None:
        field, why = "web_identity_token_file", "a token is for assuming a role; add role_arn"
    elif token is not None and credentials.profile is not None:
        field, why = "profile", "the web identity token needs no profile; remove one of them"
    elif token is not None and external_id is not None:
        field = "external_id"
        why = "AWS takes no external ID with a web identity token; remove one of them"
    elif external_id is not None and credentials.role_arn is None:
        field, why = "external_id", "an external ID is for assuming a role; add role_arn"
    else:
        return
    raise wrong(f"{of}{why}", "accounts" if of else field)


def _given(written: Any, field: str) -> bool:
    return isinstance(written, Mapping) and written.get(field) is not None


def _twice(names: Sequence[str]) -> str:
    return next((name for name in names if names.count(name) > 1), "")
