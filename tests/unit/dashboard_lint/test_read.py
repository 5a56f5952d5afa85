"""Files into dashboards, however they are wrapped."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from obs.dashboard_lint.lint import lint
from obs.dashboard_lint.model import dashboard
from obs.dashboard_lint.read import read
from obs.dashboard_lint.subject import Knowledge
from obs.spec.report import InvalidSpec

BOARD = {"title": "Shop", "uid": "shop", "panels": [{"id": 1, "title": "a"}]}
OTHER = {"title": "Other", "uid": "other", "panels": []}


def titles(*paths: Path) -> list[tuple[str, str]]:
    return [(Path(each.file).name, each.title) for each in read(paths).dashboards]


def problems(*paths: Path) -> list[str]:
    with pytest.raises(InvalidSpec) as told:
        read(paths)
    return str(told.value).splitlines()


def config_map(**boards: object) -> dict[str, object]:
    data = {f"{name}.json": json.dumps(board) for name, board in boards.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "data": {"notes": "x", **data}}


@pytest.mark.parametrize(
    "wrapped",
    [
        BOARD,
        {"dashboard": BOARD, "meta": {"slug": "shop"}},
        {"dashboard": BOARD, "folderUid": "x", "overwrite": True},
        config_map(shop=BOARD),
        {"kind": "ConfigMapList", "items": [config_map(shop=BOARD)]},
        {"kind": "GrafanaDashboard", "spec": {"json": json.dumps(BOARD)}},
        {
            "apiVersion": "dashboard.grafana.app/v1beta1",
            "kind": "Dashboard",
            "metadata": {"name": "shop"},
            "spec": {key: value for key, value in BOARD.items() if key != "uid"},
        },
    ],
)
@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_dashboard_is_found_in_its_wrapping(
    wrapped: dict[str, object], suffix: str, tmp_path: Path
) -> None:
    file = tmp_path / f"a.{suffix}"
    file.write_text(json.dumps(wrapped) if suffix == "json" else yaml.safe_dump(wrapped))
    [found] = read([file]).dashboards
    assert (found.title, found.uid, len(found.panels)) == ("Shop", "shop", 1)


def test_several_dashboards_of_one_file_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump_all([config_map(shop=BOARD, other=OTHER), {"title": "x"}]))
    assert titles(file) == [("a.yaml[1][other.json]", "Other"), ("a.yaml[1][shop.json]", "Shop")]


def test_a_folder_is_walked_and_what_is_no_dashboard_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text(json.dumps(BOARD))
    (tmp_path / "provider.yaml").write_text("apiVersion: 1\nproviders: []\n")
    (tmp_path / "chart.yaml").write_text("{{ if .Values.x }}\n")
    (tmp_path / ".hidden.json").write_text("{")
    (tmp_path / "notes.txt").write_text("{")
    found = read([tmp_path])
    assert [each.title for each in found.dashboards] == ["Shop"]
    assert [each.name for each in found.left_out] == ["chart.yaml", "provider.yaml"]


def test_a_broken_file_in_a_folder_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(BOARD))
    (tmp_path / "b.json").write_text('{\n "panels": [')
    found = read([tmp_path])
    assert [each.title for each in found.dashboards] == ["Shop"]
    assert [str(each).removeprefix(f"{tmp_path}/") for each in found.unreadable] == [
        "b.json:2: is not valid JSON: Expecting value"
    ]
    [told] = lint(found.dashboards[:0], Knowledge(), {}, found.unreadable).findings
    assert (told.rule, told.severity, told.message) == (
        *("readable-file", "error", "is not valid JSON: Expecting value"),
    )


def test_the_same_dashboard_in_several_formats_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(BOARD))
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(config_map(shop=BOARD)))
    assert titles(tmp_path) == [("a.json", "Shop")]
    assert titles(tmp_path / "a.json", tmp_path) == [("a.json", "Shop")]


def test_every_file_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    texts = {
        "a.json": '{\n "panels": [\n}',
        "b.yaml": "a: 1\nb: [\n",
        "c.json": "{}",
        "d.json": "[" * 100_000,
        "e.yaml": "kind: GrafanaDashboard\nspec: {url: http://x}\n",
        "g.json": "[" * 150 + "]" * 150,
        "h.json": "1" * 5000,
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "i.json").write_bytes(b"\xff")
    told = problems(*(tmp_path / name for name in (*texts, "i.json", "j.json")))
    assert [each.removeprefix(f"{tmp_path}/") for each in told] == [
        "a.json:3: is not valid JSON: Expecting value",
        "b.yaml:2: is not valid YAML: the file ends inside [ or {; close it",
        "c.json: holds no dashboard; one has panels, or is wrapped for Grafana or Kubernetes",
        "d.json: is nested deeper than 100 levels",
        "e.yaml: has no spec.json; other sources of a dashboard are not supported",
        "g.json: is nested deeper than 100 levels",
        "h.json: holds a number that is too long",
        "i.json: is not UTF-8 text",
        "j.json: cannot be read: No such file or directory",
    ]


def test_aliases_of_yaml_that_grow_without_end_are_told(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (tmp_path / "a.yaml").write_text("\n".join(lines))
    assert "holds more than 300 000 values" in problems(tmp_path / "a.yaml")[0]


def test_panels_of_rows_old_and_new_are_found() -> None:
    new = {"panels": [{"id": 1, "type": "row", "panels": [{"id": 2}]}, {"id": 3}]}
    old = {"rows": [{"panels": [{"id": 1}]}, {"panels": [{"id": 2}, {"id": 3}]}]}
    for json_ in (new, old):
        assert sorted(each.id or 0 for each in dashboard("a", json_).panels) == [1, 2, 3]


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ({"datasource": {"type": "loki", "uid": "x"}}, "loki"),
        ({"datasource": {"uid": "${ds}"}}, "loki"),
        ({"datasource": "$ds"}, "loki"),
        ({}, "prometheus"),
        ({"datasource": {"type": "__expr__", "uid": "__expr__"}}, "__expr__"),
        ({"datasource": {"uid": "abc"}, "expr": '{a="b"} |= "x"'}, ""),
        ({"datasource": {"uid": "abc"}, "expr": 'rate({a="b"}[5m]) > 1'}, "prometheus"),
        ({"datasource": "Prometheus", "expr": 'rate(a{code!~"2.."}[5m])'}, "prometheus"),
        ({"datasource": {"uid": "abc"}, "expr": 'x{a="b|=c"}'}, "prometheus"),
        ({"datasource": {"uid": "abc"}, "expr": '{a="b"} != "x"'}, ""),
        ({"datasource": {"uid": "abc"}, "expr": '{a="b"} !~ `x`'}, ""),
        ({"datasource": {"uid": "abc"}, "expr": 'sum(rate({a="b"} != 5'}, "prometheus"),
        ({"datasource": "Loki", "expr": 'sum(rate({a="b"}[5m]))'}, "loki"),
        ({"datasource": "prometheus-eu", "expr": "sum(a"}, "prometheus"),
        ({"datasource": "Prometheus of Loki", "expr": "a"}, "prometheus"),
        ({"datasource": "${DS_INFLUX}", "expr": "a"}, "influxdb"),
        ({"datasource": {"uid": "elsewhere"}, "expr": "a"}, "tempo"),
        ({"datasource": {"type": "grafana-amazonprometheus-datasource"}}, "prometheus"),
        ({"datasource": {"uid": "abc"}}, ""),
    ],
)
def test_whom_a_query_asks(target: dict[str, object], kind: str) -> None:
    ds = {"name": "ds", "type": "datasource", "query": "loki"}
    own = {"type": "prometheus", "uid": "a"}
    json_ = {
        "__inputs": [{"name": "DS_INFLUX", "type": "datasource", "pluginId": "influxdb"}],
        "templating": {"list": [ds]},
        "panels": [{"datasource": own, "targets": [target]}],
        "annotations": {"list": [{"datasource": {"type": "tempo", "uid": "elsewhere"}}]},
    }
    assert dashboard("a", json_).panels[0].targets[0].kind == kind


@given(st.text(max_size=80) | st.binary(max_size=80))
def test_any_file_is_read_or_told(written: str | bytes) -> None:
    raw = written.encode(errors="surrogatepass") if isinstance(written, str) else written
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("json", "yaml"):
            file = Path(folder) / f"a.{suffix}"
            file.write_bytes(raw)
            with pytest.raises(InvalidSpec):
                read([file])
