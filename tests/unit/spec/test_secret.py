"""Secrets are references until they are used."""

from collections.abc import Callable
from pathlib import Path

import pytest

from obs.errors import BadInput
from obs.spec.secret import FileSecret, VariableSecret
from obs.spec.system import System

CONNECTED = """\
version: 1
system: orders
sources:
  nats:
    main:
      monitor: [http://nats:8222]
      connection:
        servers: [nats://nats:4222]
        user: obs
"""


def test_a_secret_in_a_variable_is_read_when_it_is_used_and_not_before(
    loaded: Callable[..., System], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NATS_PASSWORD", raising=False)
    connection = (
        loaded(CONNECTED + "        password: ${NATS_PASSWORD}\n").sources.nats["main"].connection
    )
    assert connection is not None
    assert connection.password is not None
    monkeypatch.setenv("NATS_PASSWORD", "hunter2")
    assert connection.password.reveal() == "hunter2"
    assert "hunter2" not in repr(connection)


def test_a_secret_in_a_file_is_read_without_its_last_newline(
    loaded: Callable[..., System], tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("hunter2\n", encoding="utf-8")
    text = CONNECTED + "        password_file: ${DIR}/password\n"
    connection = loaded(text, variables={"DIR": str(tmp_path)}).sources.nats["main"].connection
    assert connection is not None
    assert connection.password_file is not None
    assert connection.password_file.reveal() == "hunter2"
    assert "hunter2" not in repr(connection)


@pytest.mark.parametrize("field", ["password", "token"])
@pytest.mark.parametrize("literal", ["hunter2", "12345", "[a]", "${X:-hunter2}", "x${X}", "{a: b}"])
def test_a_literal_secret_is_refused_without_being_shown(
    complaints: Callable[..., list[str]], field: str, literal: str
) -> None:
    text = CONNECTED + f"        {field}: {literal}\n"
    assert complaints(text) == [
        f"a.yaml:10: sources.nats.main.connection.{field}: "
        "do not write a secret in a spec; write ${NAME}, or use the _file field"
    ]


def test_a_variable_without_a_secret_is_said_by_name() -> None:
    with pytest.raises(BadInput, match="NATS_PASSWORD is not set"):
        VariableSecret("NATS_PASSWORD").reveal({"NATS_PASSWORD": ""})


def test_a_file_without_a_secret_is_said_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, words in (("empty", "is empty"), ("binary", "not UTF-8"), ("none", "cannot read")):
        with pytest.raises(BadInput, match=words):
            FileSecret(str(tmp_path / name)).reveal()


def test_a_secret_is_redacted_from_when_it_is_read_also_after_it_was_rotated(
    tmp_path: Path,
) -> None:
    file = tmp_path / "password"
    for secret in ("before-rotation", "since-rotation"):
        file.write_text(f"{secret}\n", encoding="utf-8")
        FileSecret(str(file)).reveal()
    VariableSecret("TOKEN").reveal({"TOKEN": "of-a-variable"})
    echoed = "before-rotation since-rotation of-a-variable"
    assert str(BadInput(echoed)) == "… … …"


@pytest.mark.parametrize("mistaken", ["Xk83pQzw71Tt0aYbbR5q", "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7"])
def test_a_secret_in_the_place_of_its_file_is_not_shown(mistaken: str) -> None:
    spec = System.model_validate(
        {
            "version": 1,
            "system": "a",
            "stacks": {"grafana": {"url": "https://grafana", "token_file": mistaken}},
        }
    )
    assert spec.stacks.grafana is not None
    assert spec.stacks.grafana.token_file is not None
    with pytest.raises(BadInput) as caught:
        spec.stacks.grafana.token_file.reveal()
    assert str(caught.value) == "…: cannot read the secret: No such file or directory"


@pytest.mark.parametrize(
    ("servers", "shown"),
    [
        ("user:pw@host:4222", "'…@host:4222' where a list is expected; write […@host:4222]"),
        ("nats://user:pw@host", "'nats://…@host' where a list is expected; write [nats://…@host]"),
    ],
)
def test_an_address_with_a_password_is_never_quoted_whole(
    complaints: Callable[..., list[str]], servers: str, shown: str
) -> None:
    text = CONNECTED.replace("[nats://nats:4222]", servers).replace("        user: obs\n", "")
    assert [each.partition(" servers: ")[2] or each for each in complaints(text)] == [
        f"a.yaml:8: sources.nats.main.connection.servers: {shown}"
    ]
