"""Imports as the monitoring port tells them."""

import json
from typing import Any

import pytest

from obs.errors import SourceError
from obs.sources.nats import imports as module
from obs.sources.nats.imports import verify_imports
from obs.spec.nats import NatsConnection, NatsSource

CONNECTION = NatsConnection(
    servers=("nats://n:4222",), account="MONITORING", imports={"ORDERS": "orders.nats"}
)
SOURCE = NatsSource(monitor=("http://n:8222",), connection=CONNECTION)


def imported(
    subject: str = "$JS.EVENT.ADVISORY.>", account: str = "ORDERS", **more: object
) -> dict[str, object]:
    return {
        "type": "stream",
        "account": account,
        "subject": subject,
        "local_subject": f"orders.nats.{subject}",
    } | more


class Server:
    """Answers as /accountz of a server with these imports of account MONITORING."""

    def __init__(self, imports: list[dict[str, Any]], tag: str = "") -> None:
        key, orders = ("ABC", "DEF") if tag else ("MONITORING", "ORDERS")
        self.accounts = {
            key: {"account_name": key, "name_tag": tag, "imports": imports},
            orders: {"account_name": orders, "name_tag": "ORDERS" if tag else ""},
        }

    def get(self, url: str) -> bytes:
        _, _, account = url.partition("?acc=")
        if account:
            return json.dumps({"account_detail": self.accounts[account]}).encode()
        return json.dumps({"accounts": list(self.accounts)}).encode()

    def close(self) -> None:
        return


def verify(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setattr(module, "monitoring_client", lambda spec: server)
    verify_imports(SOURCE, CONNECTION)


def both(account: str = "ORDERS") -> list[dict[str, object]]:
    return [
        imported(f"$JS.EVENT.ADVISORY.CONSUMER.{each}.>", account)
        for each in ("MAX_DELIVERIES", "MSG_TERMINATED")
    ]


@pytest.mark.parametrize("imports", [[imported()], both()])
def test_imports_that_bring_the_advisories_are_right(
    monkeypatch: pytest.MonkeyPatch, imports: list[dict[str, Any]]
) -> None:
    verify(monkeypatch, Server(imports))


def test_in_operator_mode_accounts_are_known_by_their_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verify(monkeypatch, Server([imported(account="DEF")], tag="MONITORING"))


@pytest.mark.parametrize(
    "imports",
    [
        [],
        [imported(account="OTHER")],
        [imported(local_subject="$JS.EVENT.ADVISORY.>")],
        [imported(invalid=True)],
        [imported(type="service")],
        both()[:1],
    ],
)
def test_a_missing_import_is_told_rather_than_taken_for_silence(
    monkeypatch: pytest.MonkeyPatch, imports: list[dict[str, Any]]
) -> None:
    with pytest.raises(SourceError, match=r"does not import the advisories of account ORDERS as"):
        verify(monkeypatch, Server(imports))


def test_an_account_that_servers_do_not_know_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="do not know account MONITORING"):
        verify(monkeypatch, Server([], tag="ANOTHER"))


def test_accounts_are_read_only_until_those_of_the_spec_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server(both())
    server.accounts |= {f"X{n}": {"account_name": f"X{n}"} for n in range(1000)}
    asked: list[str] = []
    answer = server.get

    def get(url: str) -> bytes:
        asked.append(url)
        return answer(url)

    monkeypatch.setattr(server, "get", get)
    verify(monkeypatch, server)
    assert len(asked) == 3


def test_a_server_that_names_accounts_without_end_is_asked_for_a_limited_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server(both())
    others = {f"X{n}": {"account_name": f"X{n}"} for n in range(1000)}
    server.accounts = others | server.accounts
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    with pytest.raises(SourceError, match="took too long"):
        verify(monkeypatch, server)
