"""Every mistake in a pack of the user's own is one line at its place that says what is right."""

import json
import re
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.alerts.tuning import check_tuning
from obs.cli.main import main
from obs.dashboards.build import PAGES
from obs.dashboards.build_context import build_context_of
from obs.own_packs.read import read
from obs.own_packs.together import PAGES as TAKEN
from obs.packs.pack import Pack
from obs.spec.load import read_spec
from obs.spec.report import InvalidSpec
from tests.unit.own_packs.documented import SPEC, files, place

GOOD: Final = files()["packs/orders.yaml"]
NGINX: Final = files()["packs/nginx/pack.py"]


def problems(folder: Path, **packs: str) -> list[str]:
    """What is wrong with packs of these contents: NAME_yaml or NAME_py."""
    lines = []
    for name, text in packs.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_text(text, encoding="utf-8")
        lines.append(f"    {stem}: {{from: {stem}.{suffix}}}\n")
    spec = folder / "obs.yaml"
    spec.write_text(f"{SPEC}packs:\n  own:\n{''.join(lines)}", encoding="utf-8")
    try:
        check_tuning(read_spec([spec], variables={}))
    except InvalidSpec as error:
        return [line.replace(f"{folder}/", "") for line in str(error).splitlines()]
    return []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    runbooks = tmp_path / "runbooks"
    runbooks.mkdir()
    for name in ("NginxDropsConnections", "NatsConsumerLagHigh"):
        (runbooks / f"{name}.md").write_text("## Impact\n\nSome.\n")
    return tmp_path


MISTAKES: Final = {
    "a misspelt metric": (
        "rate: orders_total}",
        "rate: orders_totl}",
        "o.yaml:20: quantities.handled.rate: metrics declares no orders_totl; "
        "did you mean orders_total?",
    ),
    "a misspelt label of a metric": (
        'where: {outcome: "fail*"}',
        "where: {outcom: failed}",
        "o.yaml:19: quantities.failed.percent.part.where.outcom: the metric has no label outcom; "
        "did you mean outcome?",
    ),
    "a glob that chooses nothing": (
        '"fail*"',
        '"*"',
        "o.yaml:19: quantities.failed.percent.part.where.outcome: '*' matches everything; "
        "remove it",
    ),
    "a quantity of another kind of metric": (
        "rate: orders_total}",
        "value: orders_total}",
        "o.yaml:20: quantities.handled.value: orders_total is a counter; "
        "rate or growth shows a counter",
    ),
    "a share of a gauge and a counter": (
        "whole: orders_total",
        "whole: orders_waiting",
        "o.yaml:19: quantities.failed.percent: a gauge and a counter have no share; "
        "write two of one kind",
    ),
    "two kinds of quantity": (
        "handled: {rate: orders_total}",
        "handled: {rate: orders_total, growth: orders_total}",
        "o.yaml:20: quantities.handled: write exactly one of value, rate, growth, percent, "
        "percentile, mean, forecast, age, time_left",
    ),
    "an unknown kind of quantity": (
        "handled: {rate:",
        "handled: {ratte:",
        "o.yaml:20: quantities.handled.ratte: unknown field; did you mean rate?",
    ),
    "an unknown quantity": (
        "quantity: slowest",
        "quantity: slwest",
        "o.yaml:58: alerts.OrdersSlow.quantity: quantities has no slwest; did you mean slowest?",
    ),
    "an object whose label the metric lacks": (
        "by: [shop]\n    quantity: slowest",
        "by: [outcome]\n    quantity: slowest",
        "o.yaml:57: alerts.OrdersSlow.by: slowest reads orders_duration_seconds, which has no "
        "label outcome; add it to the metric's labels",
    ),
    "an unknown label in a description": (
        "of shop {shop} fail",
        "of shop {shp} fail",
        "o.yaml:32: alerts.OrdersFailing.description: has {shp}, which no object has; "
        "did you mean shop?",
    ),
    "a single brace": (
        "of shop {shop} fail",
        "of shop {shop fail",
        "o.yaml:32: alerts.OrdersFailing.description: has a single brace; "
        "write {LABEL}, or {{ for a brace",
    ),
    "a panel that is not there": (
        "panel: slowest",
        "panel: slow",
        "o.yaml:64: alerts.OrdersSlow.panel: the page has no panel slow; did you mean slowest?",
    ),
    "a panel that shows nothing": (
        "handled: {title: Handled, quantities: [handled]}",
        "handled: {title: Handled}",
        "o.yaml:79: page.rows[0].panels.handled: no alert names the panel, so it shows nothing; "
        "write quantities",
    ),
    "a number for a time": (
        "above: 1s",
        "above: 1",
        "o.yaml:59: alerts.OrdersSlow.above: compares a time; write a duration, for example 5m",
    ),
    "a threshold beyond the buckets": (
        "above: 1s",
        "above: 1m",
        "o.yaml:59: alerts.OrdersSlow.above: compares with 60, but buckets are from 0.1 to 10; "
        "it takes a bound below and two above",
    ),
    "more than all": (
        "above: 5\n",
        "above: 100\n",
        "o.yaml:28: alerts.OrdersFailing.above: never fires, or not exactly, above 100; "
        "write less than 100 percent",
    ),
    "no runbook": (
        '    runbook: "See https://wiki.example.com/orders/slow."\n',
        "",
        "o.yaml:55: alerts.OrdersSlow: has no runbook: runbooks/OrdersSlow.md cannot be read: "
        "No such file or directory; write it there, or as runbook of the alert",
    ),
    "the name of an alert of obs": (
        "OrdersSlow:",
        "NatsConsumerLagHigh:",
        "o.yaml:55: alerts.NatsConsumerLagHigh: obs has an alert of this name; choose another",
    ),
    "the name of a page of obs": (
        "name: orders\n",
        "name: overview\n",
        "o.yaml:67: page.name: obs has a page of this name; choose another",
    ),
    "a duration without a unit": (
        "for: 10m",
        "for: 10",
        "o.yaml:60: alerts.OrdersSlow.for: 10 has no unit; write 10s if seconds are meant",
    ),
    "no stats": (
        "  stats:\n    failed_now: {title: Most failures, quantity: failed}\n"
        "    waiting_now: {title: Waiting in all shops, quantity: waiting, total: sum}\n",
        "  stats: {}\n",
        "o.yaml:71: page.stats: is empty; write at least 1 entry",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_yaml_is_one_line_at_its_place(mistake: str, folder: Path) -> None:
    right, wrong, said = MISTAKES[mistake]
    assert right in GOOD
    assert problems(folder, o_yaml=GOOD.replace(right, wrong, 1)) == [said]


def test_the_mistakes_of_a_file_are_told_at_once_whatever_stage_finds_them(folder: Path) -> None:
    text = GOOD.replace("kind: gauge", "kind: guage").replace("panel: slowest", "panel: slow")
    assert problems(folder, o_yaml=text.replace("rate: orders_total}", "rate: x}")) == [
        "o.yaml:15: metrics.orders_waiting.kind: 'guage' is not one of the choices: gauge, "
        "counter, histogram; did you mean gauge?",
        "o.yaml:20: quantities.handled.rate: metrics declares no x; declare it there",
        "o.yaml:64: alerts.OrdersSlow.panel: the page has no panel slow; did you mean slowest?",
    ]


PYTHON: Final = {
    "raises": (
        "def made():\n    return missing\n\n\nPACK = made()\n",
        "o.py:2: raised NameError: name 'missing' is not defined",
    ),
    "is no Python": ("PACK = (\n", "o.py:1: is not Python: '(' was never closed"),
    "imports what is not there": (
        "import obs_nothing\n",
        "o.py:1: raised ModuleNotFoundError: No module named 'obs_nothing'",
    ),
    "exits": ("import sys\n\nsys.exit(3)\n", "o.py:3: raised SystemExit: 3"),
    "declares nothing": (
        "PAC = 1\n",
        "o.py: PACK: is missing; write PACK = Pack(title, example, metrics, alerts, pages)",
    ),
    "declares something else": (
        "\nPACK = 'x'\n",
        "o.py:2: PACK: is a str; write PACK = Pack(…), from obs.packs.pack",
    ),
    "names a panel that is not there": (
        NGINX.replace('"nginx/dropped"', '"nginx/droped"'),
        "o.py:21: alerts.NginxDropsConnections.panel: no page has the panel nginx/droped; "
        "did you mean nginx/dropped?",
    ),
    "reads what it does not declare": (
        NGINX.replace("(UP, ACTIVE, ACCEPTED, HANDLED, REQUESTS)", "(UP, ACTIVE, ACCEPTED)"),
        "o.py:21: alerts.NginxDropsConnections: reads nginx_connections_handled, which metrics "
        "does not have",
    ),
    "has a text for a severity": (
        NGINX.replace("Severity.WARNING", '"warning"'),
        "o.py:21: alerts.NginxDropsConnections.severity: is not one of Severity.CRITICAL, "
        "WARNING and INFO",
    ),
    "has nothing where a text belongs": (
        NGINX.replace('"nginx/dropped"', "None"),
        "o.py: PACK: declares what no pack has: TypeError: object of type 'NoneType' has no len()",
    ),
}


@pytest.mark.parametrize("mistake", PYTHON)
def test_a_mistake_in_python_is_one_line_and_no_traceback(mistake: str, folder: Path) -> None:
    text, said = PYTHON[mistake]
    assert said in problems(folder, o_py=text)
    assert len(problems(folder, o_py=text)) <= 2


def test_files_that_cannot_be_packs_are_told_all_at_once(folder: Path) -> None:
    (folder / "huge.yaml").write_text("#" * 1_000_001)
    (folder / "dir.yaml").mkdir()
    (folder / "latin.yaml").write_bytes(b"title: caf\xe9\n")
    names = ("huge.yaml", "dir.yaml", "latin.yaml", "none.py")
    spec = folder / "obs.yaml"
    own = "".join(f"    p{index}: {{from: {name}}}\n" for index, name in enumerate(names))
    spec.write_text(f"{SPEC}packs:\n  own:\n{own}")
    with pytest.raises(InvalidSpec) as raised:
        check_tuning(read_spec([spec], variables={}))
    assert str(raised.value).replace(f"{folder}/", "").splitlines() == [
        "dir.yaml: is a directory; a regular file is needed",
        "huge.yaml: is larger than 1 MB, so it cannot be the file that is meant",
        "latin.yaml:1: is not UTF-8 text; save it as UTF-8",
        "none.py: cannot be read: No such file or directory",
    ]
    assert problems(folder, empty_yaml="# nothing\n", list_yaml="- a\n") == [
        "empty.yaml: is empty; a pack begins with title: …",
        "list.yaml:1: is a list; a pack is a mapping that begins with title: …",
    ]


def test_names_that_are_taken_are_refused(folder: Path) -> None:
    other = GOOD.replace("OrdersSlow", "OrdersLate")
    assert problems(folder, slo_yaml=GOOD, host_yaml=other, b_yaml=other) == [
        "b.yaml:24: alerts.OrdersFailing: pack slo has an alert of this name; choose another",
        "b.yaml:55: alerts.OrdersLate: pack host has an alert of this name; choose another",
        "b.yaml:67: page.name: pack slo has a page of this name; choose another",
        "host.yaml:24: alerts.OrdersFailing: pack slo has an alert of this name; choose another",
        "host.yaml:67: page.name: pack slo has a page of this name; choose another",
        "obs.yaml:7: packs.own.slo: obs has alerts under this name; choose another",
        "obs.yaml:8: packs.own.host: obs has a pack of this name; choose another",
    ]


def test_the_names_of_obs_own_pages_are_known(tmp_path: Path) -> None:
    full = Path(__file__).parents[3] / "collectors" / "oms.yaml"
    context = build_context_of(read_spec([full], variables={}).system)
    assert {page.name for make in PAGES if (page := make(context))} <= set(TAKEN)
    assert {make.__module__.rpartition(".")[2] for make in PAGES} == set(TAKEN)


COMMANDS: Final = (
    ["validate"],
    ["alerts", "build", "--out", "out"],
    ["alerts", "list"],
    ["alerts", "explain", "OrdersSlow"],
    ["dashboards", "build", "--out", "out"],
    ["packs", "list", "--spec", "obs.yaml"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_tells_them_and_exits_with_2(
    command: list[str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    problems(folder, o_yaml=GOOD.replace("panel: slowest", "panel: slow"), p_py="1 / 0\n")
    monkeypatch.chdir(folder)
    assert main(command) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "o.yaml:64: alerts.OrdersSlow.panel: the page has no panel slow; did you mean slowest?",
        "p.py:1: raised ZeroDivisionError: division by zero",
    ]
    assert not (folder / "out").exists()


def test_validate_tells_them_to_programs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problems(folder, o_yaml=GOOD.replace("panel: slowest", "panel: slow"))
    monkeypatch.chdir(folder)
    assert main(["validate", "--format", "json"]) == 2
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert problem == {
        "file": "o.yaml",
        "line": 64,
        "field": "alerts.OrdersSlow.panel",
        "message": "the page has no panel slow; did you mean slowest?",
    }


def test_what_a_pack_prints_is_no_output_of_obs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = place(tmp_path)
    pack = tmp_path / "packs" / "nginx" / "pack.py"
    pack.write_text(f'print("hello")\n{NGINX}')
    assert main(["validate", "--spec", str(spec), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["valid"]


def test_a_pack_of_several_modules_is_read_anew_after_a_change(tmp_path: Path) -> None:
    spec = place(tmp_path)
    folder = tmp_path / "packs" / "nginx"
    head, mark, rest = NGINX.partition("DROPPED =")
    (folder / "metrics.py").write_text(head)
    (folder / "pack.py").write_text(f"from .metrics import *\n\n{mark}{rest}")
    assert main(["validate", "--spec", str(spec)]) == 0
    (folder / "runbooks" / "NginxDropsConnections.md").write_text("## Other\n")
    assert read(folder / "pack.py").alerts[0].runbook == "## Other\n"


def test_a_mistake_in_a_module_beside_the_pack_is_told_at_its_line(folder: Path) -> None:
    wrong = NGINX.replace('"nginx/dropped"', '"nginx/droped"')
    (folder / "declared.py").write_text(wrong)
    assert problems(folder, o_py="from .declared import PACK\n") == [
        "declared.py:21: alerts.NginxDropsConnections.panel: no page has the panel nginx/droped; "
        "did you mean nginx/dropped?"
    ]
    (folder / "declared.py").write_text(f"{NGINX}PACK = None.nothing\n")
    (said,) = problems(folder, o_py="from .declared import PACK\n")
    assert re.fullmatch(r"declared\.py:\d+: raised AttributeError: 'NoneType' .*", said)


def test_a_check_of_a_pack_that_cannot_be_read_says_why(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    problems(folder, o_yaml=GOOD.replace("panel: slowest", "panel: slow"))
    spec = folder / "obs.yaml"
    stack = "stacks: {prometheus: {url: 'http://127.0.0.1:9', rules_dir: rules}}\n"
    spec.write_text(f"{spec.read_text()}{stack}")
    assert main(["check", "--spec", "obs.yaml", "--only", "packs"]) != 0
    said = "o.yaml:64: alerts.OrdersSlow.panel: the page has no panel slow; did you mean slowest?"
    assert said in "".join(capsys.readouterr())


def test_routes_and_rules_of_own_packs_are_built_for_other_targets(tmp_path: Path) -> None:
    spec = place(tmp_path)
    notify = (
        "notify:\n  receivers: {team: {webhook: {url: 'http://localhost:9999/'}}}\n"
        "  routes: {critical: {to: [team]}, warning: {to: [team]}}\n"
    )
    spec.write_text(f"{spec.read_text()}{notify}")
    out = tmp_path / "out"
    target = ["--target", "alertmanager", "--target", "grafana", "--target", "operator"]
    assert main(["alerts", "build", "--spec", str(spec), "--out", str(out), *target]) == 0
    assert "OrdersFailing" in (out / "grafana" / "rules.yaml").read_text()
    assert "OrdersFailing" in (out / "operator" / "orders.yaml").read_text()


@given(st.text(max_size=300))
def test_any_text_is_a_pack_or_has_problems(text: str) -> None:
    from obs.own_packs.yaml_file import read_yaml

    found = read_yaml(Path("p.yaml"), text)
    assert found.problems or isinstance(found.pack, Pack)


@given(st.data())
def test_a_pack_with_any_value_replaced_has_problems_or_becomes_one(data: st.DataObject) -> None:
    from obs.own_packs.sound import unsound
    from obs.own_packs.yaml_file import read_yaml

    lines = GOOD.splitlines()
    index = data.draw(st.integers(0, len(lines) - 1))
    name, colon, _ = lines[index].partition(":")
    value = data.draw(
        st.sampled_from(["", "0", "-1", "1e99", "x", "[]", "{}", '"{"', '"{0}"', "[shop, x]", "5s"])
    )
    lines[index] = f"{name}{colon} {value}"
    found = read_yaml(Path("p.yaml"), "\n".join(lines))
    if found.pack is not None:
        list(unsound(found.pack, found.place))
