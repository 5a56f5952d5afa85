"""Roles that are assumed: the token, which refusals are worth another try, and what to do."""

from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import DeferredRefreshableCredentials
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.session import Session

from obs.clients.aws_roles import AssumedRole, explained, is_rejected, renew
from obs.errors import SourceError
from obs.redaction.known import KNOWN
from obs.spec.aws import AwsSource

ROLE = "arn:aws:iam::123456789012:role/obs"


def source(**fields: str) -> AwsSource:
    return AwsSource.model_validate({"region": "us-east-1", "role_arn": ROLE, **fields})


class Sts:
    """Answers as STS does, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.configs: list[Any] = []

    def __call__(self, service: str, config: Any = None, **_: str) -> "Sts":
        assert service == "sts"
        self.configs.append(config)
        return self

    def assume_role(self, **asked: str) -> dict[str, Any]:
        self.asked.append(asked)
        known = {"AccessKeyId": "ASIA1", "SecretAccessKey": "secret", "SessionToken": "session"}
        arn = "arn:aws:sts::123456789012:assumed-role/obs/obs"
        expires = {"Expiration": "2100-01-01T00:00:00Z"}
        return {"Credentials": known | expires, "AssumedRoleUser": {"Arn": arn}}

    assume_role_with_web_identity = assume_role


def credentials(spec: AwsSource, sts: Sts) -> DeferredRefreshableCredentials:
    session = Session()
    session.set_credentials("AKIA1", "secret")
    return AssumedRole(session, spec, ROLE, sts).load()


def test_the_external_id_is_part_of_what_sts_is_asked() -> None:
    sts = Sts()
    frozen = credentials(source(external_id="orders-1"), sts).get_frozen_credentials()
    assert frozen.access_key == "ASIA1"
    assert sts.asked == [{"RoleArn": ROLE, "RoleSessionName": "obs", "ExternalId": "orders-1"}]


def test_a_token_is_sent_as_it_is_in_the_file_and_kept_out_of_whatever_is_said(
    tmp_path: Path,
) -> None:
    file, sts = tmp_path / "token", Sts()
    file.write_text("eyJ.first.token\n")
    found = credentials(source(web_identity_token_file=str(file)), sts)
    found.get_frozen_credentials()
    assert sts.asked[0]["WebIdentityToken"] == "eyJ.first.token"
    assert KNOWN.redact("said eyJ.first.token") == "said …"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty"),
        (b"\xff\xfe", "is not a token"),
        (b"x" * 70_000, ""),
    ],
)
def test_a_file_without_a_token_is_told(tmp_path: Path, content: bytes | None, why: str) -> None:
    file = tmp_path / "token"
    spec = source(web_identity_token_file=str(file))
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SourceError, match=f"{file} {why}") as caught:
        credentials(spec, Sts()).get_frozen_credentials()
    assert caught.value.reason == "auth"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("ExpiredToken", True),
        ("ExpiredTokenException", True),
        ("UnrecognizedClientException", True),
        ("InvalidClientTokenId", True),
        ("AccessDenied", False),
        ("Throttling", False),
    ],
)
def test_new_credentials_may_help_where_the_old_ones_are_expired_or_unknown(
    code: str, found: bool
) -> None:
    assert is_rejected(ClientError({"Error": {"Code": code}}, "ListRules")) is found


def test_what_is_no_answer_of_aws_rejects_no_credentials() -> None:
    assert not is_rejected(EndpointConnectionError(endpoint_url="http://x"))
    odd = ClientError({}, "ListRules")
    odd.response = {"Error": ["ExpiredToken"]}  # type: ignore[typeddict-item]
    assert not is_rejected(odd)


def test_rejected_credentials_of_a_role_are_fetched_anew_with_the_next_request() -> None:
    sts = Sts()
    found = credentials(source(), sts)
    session = Session()
    session._credentials = found  # type: ignore[attr-defined]
    for asked in (1, 1, 2, 2):
        if asked == 2 and len(sts.asked) == 1:
            assert renew(session, Session) == "fetch"
        found.get_frozen_credentials()
        assert len(sts.asked) == asked


def test_keys_are_read_anew_only_where_others_are_there() -> None:
    def keys(name: str) -> Session:
        session = Session()
        session.set_credentials(name, "secret")
        return session

    assert renew(keys("old"), lambda: keys("old")) is None
    assert renew(keys("old"), lambda: keys("new")) == "read"


def test_a_role_that_is_refused_is_named_with_its_account_and_what_to_do() -> None:
    refused = SourceError("auth", "ListRules: AssumeRole: not permitted")
    said = str(explained(refused, source(external_id="orders-1"), "AssumeRole"))
    assert said == (
        "ListRules: AssumeRole: not permitted; cannot assume role arn:aws:iam::123456789012:role/"
        "obs of account 123456789012: verify that it exists and that its trust policy lets obs "
        "assume it with external ID orders-1 (obs iam policy --for trust), and that obs may "
        "(--for sign-in)"
    )
    token = source(web_identity_token_file="/run/token")
    said = str(explained(refused, token, "AssumeRoleWithWebIdentity"))
    assert said.endswith("trust policy names the issuer and subject of /run/token")


def test_what_has_nothing_to_do_with_the_role_is_told_as_it_is() -> None:
    refused = SourceError("auth", "ListRules: not permitted")
    late = SourceError("timeout", "AssumeRole: AWS request timed out")
    assert explained(refused, source(), "ListRules") is refused
    assert explained(late, source(), "AssumeRole") is late
