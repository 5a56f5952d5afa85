from collections.abc import Mapping

import pytest
from pydantic import TypeAdapter, ValidationError

from obs.spec.stacks import AmpStack, GrafanaStack, MimirStack, Stacks
from obs.spec.system import System

URL = "https://grafana:3000"
GRAFANA: TypeAdapter[GrafanaStack] = TypeAdapter(GrafanaStack)


def problems(fields: Mapping[str, object]) -> str:
    with pytest.raises(ValidationError) as caught:
        GRAFANA.validate_python(fields)
    return str(caught.value.errors()[0]["msg"])


def test_nothing_has_to_be_said() -> None:
    stacks = Stacks()
    assert stacks.grafana is None
    assert stacks.cloudwatch.role_arn is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"token": "${A}", "token_file": "a"},
            "token is set as well; keep one of them",
        ),
        ({"user": "me"}, "user and password must be given together"),
        ({"password": "${A}"}, "user and password must be given together"),
        (
            {"user": "me", "password": "${A}", "token": "${B}"},
            "user and token are both set; keep one of them",
        ),
    ],
)
def test_there_is_one_way_to_sign_in(fields: Mapping[str, object], said: str) -> None:
    assert problems({"url": URL, **fields}) == said


def test_a_secret_is_never_written_in_the_spec() -> None:
    said = problems({"url": URL, "token": "glsa_literal"})
    assert "do not write a secret in a spec" in said
    assert "glsa_literal" not in said


def test_an_address_carries_no_password() -> None:
    assert "must not contain a user or password" in problems(
        {"url": "http://me:secret@grafana:3000"}
    )


def test_paths_of_rulers_and_ids_of_workspaces_are_judged() -> None:
    assert MimirStack(url=URL).path == "/prometheus/config/v1/rules"
    with pytest.raises(ValidationError, match="a path, for example"):
        MimirStack(url=URL, path="api")
    with pytest.raises(ValidationError, match="a workspace ID, for example ws-"):
        AmpStack(workspace="arn:aws:aps:eu-west-1:1:workspace/ws-1", region="eu-west-1")


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://grafana.example.com/monitoring", "https://grafana.example.com/monitoring"),
        ("https://grafana.example.com/Xk83pQzw71Tt0aYbbR5q", None),
        ("https://grafana.example.com/?token=abcdef", None),
    ],
)
def test_an_address_with_what_may_be_a_token_is_no_link_for_people(
    url: str, linked: str | None
) -> None:
    document = {"version": 1, "system": "a", "stacks": {"grafana": {"url": url}}}
    assert System.model_validate(document).grafana == linked
