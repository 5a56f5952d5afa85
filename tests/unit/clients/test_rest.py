from collections.abc import Iterator

import pytest

from obs.clients.rest import ATTEMPTS, RequestRejected, Rest
from obs.errors import BadInput, SourceError
from obs.spec.secret import VariableSecret
from obs.spec.stacks import GrafanaStack
from tests.integration.applying import Answer, Request, Server


class Scripted:
    """Answers in turn, the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)

    def __call__(self, request: Request) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(Scripted((200, b"{}"))) as running:
        yield running


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret-token")


def rest(server: Server, waits: list[float] | None = None) -> Rest:
    stack = GrafanaStack(url=server.url, token=VariableSecret("TOKEN"))
    return Rest(stack, pause=(waits if waits is not None else []).append)


def refused(server: Server, method: str, *answers: Answer) -> tuple[RequestRejected, int]:
    server.answer = Scripted(*answers)
    with rest(server) as client, pytest.raises(RequestRejected) as caught:
        client.send(method, "/x")
    return caught.value, len(server.requests)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "credentials rejected"),
        (403, "permission denied for these credentials"),
        (404, "not found"),
        (409, "conflicts with an existing object"),
        (412, "changed by someone else in the meantime, or the name is taken"),
    ],
)
def test_a_refusal_is_a_line_that_says_what_it_means_and_what_the_server_says(
    status: int, said: str, server: Server
) -> None:
    error, requests = refused(server, "PUT", (status, b'{"message": "no\\nway"}'))
    assert str(error) == f"PUT {server.url}/x: HTTP {status}: {said}: no way"
    assert (error.status, requests) == (status, 1)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_be_done_twice_is_sent_again(status: int, server: Server) -> None:
    waits: list[float] = []
    server.answer = Scripted((status, b""), (status, b""), (200, b"done"))
    with rest(server, waits) as client:
        assert client.send("PUT", "/x").body == b"done"
    assert len(waits) == 2
    assert waits[0] < waits[1] <= 1.0


@pytest.mark.parametrize(("status", "requests"), [(429, ATTEMPTS), (503, ATTEMPTS), (500, 1)])
def test_a_post_is_sent_again_only_where_the_server_did_nothing(
    status: int, requests: int, server: Server
) -> None:
    assert refused(server, "POST", (status, b""))[1] == requests


def test_an_endless_refusal_ends(server: Server) -> None:
    error, requests = refused(server, "GET", (503, b"<html>busy</html>"))
    assert str(error) == f"GET {server.url}/x: HTTP 503"
    assert requests == ATTEMPTS


def test_a_server_that_is_away_is_asked_again_and_then_told(server: Server) -> None:
    waits: list[float] = []

    def cut(request: Request) -> None:
        raise ConnectionAbortedError

    server.before = cut
    with rest(server, waits) as client:
        with pytest.raises(SourceError, match="cannot connect, or connection lost"):
            client.get("/x")
        assert len(waits) == ATTEMPTS - 1
        with pytest.raises(SourceError):
            client.send("POST", "/x")
    assert len(waits) == ATTEMPTS - 1


def test_the_secret_is_sent_and_never_repeated(server: Server) -> None:
    error, _ = refused(server, "GET", (400, b"no such token: s3cret-token"))
    assert server.requests[0].headers["authorization"] == "Bearer s3cret-token"
    assert "s3cret" not in str(error)


def test_a_user_signs_in_with_a_password(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "open")
    stack = GrafanaStack(url=server.url, user="me", password=VariableSecret("PASSWORD"))
    with Rest(stack) as client:
        client.get("/x", {"a": [1, 2]})
    assert server.requests[0].headers["authorization"] == "Basic bWU6b3Blbg=="
    assert server.requests[0].path == "/x?a=1&a=2"


def test_a_secret_that_is_not_there_is_bad_input(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKEN")
    with rest(server) as client, pytest.raises(BadInput, match="TOKEN is not set"):
        client.get("/x")


def test_what_is_not_there_is_none_when_looked_for(server: Server) -> None:
    server.answer = Scripted((404, b""))
    with rest(server) as client:
        assert client.find("/x") is None


def test_a_secret_of_several_lines_is_bad_input_and_is_not_shown(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret\ns3cret")
    with (
        rest(server) as client,
        pytest.raises(BadInput, match="cannot be sent in a header") as caught,
    ):
        client.get("/x")
    assert "s3cret" not in str(caught.value)
