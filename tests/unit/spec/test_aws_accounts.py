"""Several AWS accounts and regions in one source of the spec."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from obs.spec.aws import AwsSource
from obs.spec.named import names_of
from obs.spec.sources import Sources
from obs.spec.system import System

ROLES = {name: f"arn:aws:iam::{digit * 12}:role/obs" for name, digit in (("a", "1"), ("b", "2"))}


def spec(source: str, more: str = "") -> str:
    return f"version: 1\nsystem: orders\nsources:\n  aws:\n    cloud: {source}\n{more}"


def accounts(**fields: str) -> list[dict[str, str]]:
    return [{"name": name, "role_arn": arn, **fields} for name, arn in ROLES.items()]


def sources(**fields: Any) -> dict[str, AwsSource]:
    return Sources.model_validate({"aws": {"cloud": fields}}).aws


def test_there_is_a_source_for_each_account_and_region() -> None:
    found = sources(regions=["us-east-1", "eu-west-1"], accounts=accounts(), queues=["dlq"])
    assert {name: (one.role_arn, one.region) for name, one in found.items()} == {
        f"cloud-{account}-{region}": (ROLES[account], region)
        for account in "ab"
        for region in ("us-east-1", "eu-west-1")
    }
    assert {one.queues for one in found.values()} == {("dlq",)}
    assert {one.one_of for one in found.values()} == {"cloud"}


def test_what_there_is_only_one_of_is_not_in_the_names() -> None:
    assert [*sources(region="us-east-1")] == ["cloud"]
    assert [*sources(regions=["us-east-1"])] == ["cloud-us-east-1"]
    assert [*sources(region="us-east-1", accounts=accounts())] == ["cloud-a", "cloud-b"]


@given(
    st.lists(st.sampled_from(["us-east-1", "eu-west-1", "ap-south-1"]), unique=True, max_size=3),
    st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), unique=True, max_size=4),
)
def test_the_sources_are_all_pairs_and_each_of_them_is_written_alone(
    regions: list[str], names: list[str]
) -> None:
    fields: dict[str, Any] = {"regions": regions} if regions else {"region": "us-east-1"}
    if names:
        fields["accounts"] = [{"name": name, "profile": name} for name in names]
    found = sources(**fields)
    assert len(found) == max(len(regions), 1) * max(len(names), 1)
    for name, one in found.items():
        assert one.each(name) == {name: one}
        assert (one.regions, one.accounts) == (None, None)


def test_an_account_has_what_it_leaves_out_from_its_source() -> None:
    given = [*accounts(), {"name": "hub"}, {"name": "own", **accounts()[0], "external_id": "own"}]
    given[3]["name"] = "own"
    found = sources(region="us-east-1", external_id="shared", profile="hub", accounts=given)
    assert {name: (one.external_id, one.profile) for name, one in found.items()} == {
        "cloud-a": ("shared", "hub"),
        "cloud-b": ("shared", "hub"),
        "cloud-hub": (None, "hub"),
        "cloud-own": ("own", "hub"),
    }


def test_an_account_with_a_token_needs_neither_profile_nor_external_id() -> None:
    given = [{**accounts()[0], "web_identity_token_file": "/run/token"}]
    (one,) = sources(
        region="us-east-1", external_id="shared", profile="hub", accounts=given
    ).values()
    assert one.sign_in == (None, ROLES["a"], None, "/run/token")


WRONG = {
    "{region: us-east-1, regions: [us-east-1]}": "region: write region or regions, and not both",
    "{poll: 1m}": "region: is missing; write for example `region: us-east-1`",
    "{regions: us-east-1}": "regions: 'us-east-1' where a list is expected; write [us-east-1]",
    "{regions: []}": "regions: is an empty list; write at least 1 entry",
    "{regions: [us-east-1, us-east-1]}": "regions: us-east-1 is there twice; remove one",
    "{region: us-east-1, accounts: {a: 1}}": (
        "accounts: a mapping where a list of mappings is expected"
    ),
    "{region: us-east-1, accounts: [{nam: a}]}": (
        "accounts[0].nam: unknown field; did you mean name?"
    ),
    "{region: us-east-1, accounts: [{name: a}, {name: a}]}": (
        "accounts: two accounts are called a; rename one"
    ),
    "{region: us-east-1, accounts: [{name: a, profile: p}, {name: b, profile: p}]}": (
        "accounts: a and b sign in to the same account in the same way; remove one, or correct its "
        "role_arn or profile"
    ),
    "{region: us-east-1, accounts: [{name: a, role_arn: 'arn:aws:iam::1:role/x'}]}": (
        "accounts[0].role_arn: 'arn:aws:iam::1:role/x' does not fit; write a role's ARN, for "
        "example arn:aws:iam::123456789012:role/obs"
    ),
    "{region: us-east-1, accounts: [{name: a, web_identity_token_file: /run/t}]}": (
        "accounts: account a: a token is for assuming a role; add role_arn"
    ),
    "{region: us-east-1, external_id: abc}": (
        "external_id: an external ID is for assuming a role; add role_arn"
    ),
    "{region: us-east-1, external_id: 'a b', role_arn: 'arn:aws:iam::111111111111:role/x'}": (
        "external_id: 'a b' does not fit; write 2 to 1224 letters, digits and the characters "
        "_+=,.@:/-"
    ),
}


@pytest.mark.parametrize(("source", "sentence"), WRONG.items())
def test_what_is_wrong_is_told_in_one_line_at_its_place(
    complaints: Callable[..., list[str]], source: str, sentence: str
) -> None:
    assert complaints(spec(source)) == [f"a.yaml:5: sources.aws.cloud.{sentence}"]


def test_everything_that_is_wrong_is_told_at_once(complaints: Callable[..., list[str]]) -> None:
    source = "{regions: [us-east-1, moon], poll: 3, accounts: [{role: x}]}"
    found = complaints(spec(source))
    assert [line.split(": ")[1].removeprefix("sources.aws.cloud.") for line in found] == [
        *("accounts[0].name", "accounts[0].role", "poll", "regions[1]")
    ]


SLO = """\
slos:
  - {{name: d, service: s, objective: 99, sli: {{eventbridge: {{source: {0}, bus: orders}}}}}}
outputs: {{cloudwatch: {{source: {0}, namespace: Own}}}}
"""


def test_what_refers_to_one_source_says_to_which(
    complaints: Callable[..., list[str]], loaded: Callable[..., System]
) -> None:
    both = "{regions: [us-east-1, eu-west-1]}"
    stands = "source 'cloud' stands for 2 sources; write one of them: "
    names = "cloud-us-east-1, cloud-eu-west-1"
    assert complaints(spec(both, SLO.format("cloud"))) == [
        f"a.yaml:7: slos[0].sli.eventbridge.source: {stands}{names}",
        f"a.yaml:8: outputs.cloudwatch.source: {stands}{names}",
    ]
    loaded(spec(both, SLO.format("cloud-eu-west-1")))
    (first, *_) = complaints(spec(both, SLO.format("cloud-eu-west")))
    assert "did you mean cloud-eu-west-1?" in first


def test_a_source_that_is_wrong_is_not_told_again_where_one_of_it_is_named(
    complaints: Callable[..., list[str]],
) -> None:
    found = complaints(spec("{regions: [us-east-1], poll: 3}", SLO.format("cloud-us-east-1")))
    assert [line.split(": ")[1] for line in found] == ["sources.aws.cloud.poll"]


def test_no_two_sources_have_one_name(complaints: Callable[..., list[str]]) -> None:
    other = "    cloud-us-east-1: {region: us-east-1}\n"
    assert complaints(spec("{regions: [us-east-1]}", other)) == [
        "a.yaml:5: sources.aws.cloud: stands for cloud-us-east-1, which is another source too; "
        "rename one"
    ]
    nats = "  nats: {cloud-us-east-1: {monitor: ['http://n:8222']}}\n"
    (clash,) = complaints(spec("{regions: [us-east-1]}", nats))
    assert "no two sources may share a name" in clash


def test_a_name_that_becomes_too_long_is_told() -> None:
    long = [{"name": "x" * 60}]
    with pytest.raises(ValidationError, match="longer than 64 characters"):
        Sources.model_validate({"aws": {"cloud": {"region": "us-east-1", "accounts": long}}})


def test_an_environment_has_other_accounts(loaded: Callable[..., System]) -> None:
    text = spec(
        "{regions: [us-east-1, eu-west-1]}",
        "environments:\n  staging:\n    sources:\n      aws:\n        cloud:\n"
        "          regions:\n          region: us-east-2\n",
    )
    assert [*loaded(text).sources.aws] == ["cloud-us-east-1", "cloud-eu-west-1"]
    assert [*loaded(text, env="staging").sources.aws] == ["cloud"]


def test_what_is_named_in_one_of_several_is_found_where_it_is_written(
    loaded: Callable[..., System],
) -> None:
    system = loaded(spec("{regions: [us-east-1], buses: [{name: orders}]}"))
    paths = [name.path for name in names_of(system, "cloud-us-east-1")]
    assert paths == ["sources.aws.cloud.buses[0].name"]
