"""obs packs."""

import json
from pathlib import Path

import pytest

from obs.cli.main import main
from obs.packs.facts import every_pack
from tests.unit.own_packs.documented import place


def test_the_list_has_a_line_of_what_each_pack_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["packs", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert names == [each.name for each in every_pack()]


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("name", [each.name for each in every_pack()])
def test_a_pack_is_shown_within_the_width_of_the_terminal(
    name: str, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["packs", "show", name]) == 0
    out = capsys.readouterr().out
    wide = [line for line in out.splitlines() if len(line) > columns and " " in line.strip()]
    assert wide == []
    assert out.startswith(f"{name}\n  ")


def test_a_pack_of_the_specs_own_is_shown_with_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    place(tmp_path)
    assert main(["packs", "show", "orders", "--spec", "obs.yaml"]) == 0
    assert capsys.readouterr().out == (
        "orders\n"
        "  Orders: failures, time taken and the backlog, by the shop's own metrics.\n"
        "\n"
        "in the spec\n"
        "  packs: {own: {orders: {from: packs/orders.yaml}}}\n"
        "\n"
        "file\n"
        "  packs/orders.yaml\n"
        "\n"
        "settings\n"
        "  where  Labels that the system's series have, as values or globs, where\n"
        "         Prometheus has those of other systems too: {job: node, cluster:\n"
        '         "prod-*"} (default: all series of the pack\'s metrics).\n'
        "  from   Path of the pack's file, from the folder of the spec. A Python file is\n"
        "         executed.\n"
        "\n"
        "alerts\n"
        "  OrdersFailing  critical, > 5 % in 5m for 5m: A shop's orders fail.\n"
        "  OrdersSlow     warning, > 1s in 5m for 10m: A shop's orders take long.\n"
        "\n"
        "pages\n"
        "  orders  Are orders handled, and in time?\n"
        "\n"
        "metrics\n"
        "  orders_total             counter, needed from the orders service: Orders that\n"
        "                           the shop has handled.\n"
        "  orders_duration_seconds  histogram: Time from an order to its confirmation.\n"
        "  orders_waiting           gauge: Orders that wait for the warehouse.\n"
    )


def test_packs_are_json_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = place(tmp_path)
    assert main(["packs", "list", "--format", "json", "--spec", str(spec)]) == 0
    packs = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert packs.keys() == {*(each.name for each in every_pack()), "orders", "nginx"}
    assert (
        packs["nginx"]["about"] == "nginx: connections and requests, by nginx-prometheus-exporter."
    )
    assert packs["nginx"]["file"] == str(tmp_path / "packs/nginx/pack.py")
    assert packs["orders"]["metrics"][0] == {
        "name": "orders_total",
        "kind": "counter",
        "needed_from": "the orders service",
        "help": "Orders that the shop has handled.",
    }
    assert main(["packs", "show", "host", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == packs["host"]


def test_a_misspelt_pack_is_told_what_is_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["packs", "show", "hots"]) == 2
    assert capsys.readouterr().err == "no pack hots; did you mean host?\n"
    assert main(["packs", "show", "zzz"]) == 2
    assert capsys.readouterr().err.endswith("; --spec FILE shows those of a spec, too\n")
