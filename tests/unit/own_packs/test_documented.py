"""What docs/packs/README.md says is so."""

import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from obs.alerts.quantities import Percentile
from obs.alerts.targets import build
from obs.alerts.tuning import check_tuning, tuned_alerts
from obs.cli.main import main
from obs.dashboards.build import boards
from obs.own_packs.model import OwnQuantity
from obs.own_packs.schema import pack_schema
from obs.packs.facts import every_pack
from obs.spec.load import Spec, read_spec
from tests.unit.own_packs.documented import SPEC, TEXT, files, place


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Spec:
    found = read_spec([place(tmp_path_factory.mktemp("own"))], variables={})
    check_tuning(found)
    return found


def test_every_pack_is_in_its_table_and_no_other() -> None:
    listed = dict(
        re.findall(r"^\| `([a-z0-9-]+)` \| (\S.*\S) \|$", TEXT.partition("## Using")[0], re.M)
    )
    assert listed == {each.name: each.about for each in every_pack()}


def test_its_files_are_a_pack_in_yaml_one_in_python_and_a_runbook() -> None:
    assert list(files()) == [
        "packs/orders.yaml",
        "packs/nginx/pack.py",
        "packs/nginx/runbooks/NginxDropsConnections.md",
    ]


def test_its_packs_become_rules_tests_runbooks_and_pages(spec: Spec) -> None:
    alerts = {tuned.name: tuned for tuned in tuned_alerts(spec.system)}
    assert {"OrdersFailing", "OrdersSlow", "NginxDropsConnections"} <= alerts.keys()
    failing = alerts["OrdersFailing"].expression.splitlines()[0]
    assert failing == (
        '(100 * (sum by (shop) (rate(orders_total{outcome=~"fail.*",job="orders"}[5m])) or 0 * '
        'sum by (shop) (rate(orders_total{job="orders"}[5m]))) / '
        'sum by (shop) (rate(orders_total{job="orders"}[5m]))) > 5'
    )
    built = build(spec.system, ["prometheus", "promtool", "runbooks"])
    assert {"prometheus/orders.yaml", "prometheus/nginx.yaml"} <= built["prometheus"].keys()
    assert {"tests/orders_1m_test.yaml", "tests/nginx_1m_test.yaml"} <= built["promtool"].keys()
    runbook = built["runbooks"]["runbooks/NginxDropsConnections.md"]
    assert "journalctl -u nginx" in runbook
    pages = {board.page: board for board in boards(spec.system)}
    titles = [each["title"] for each in pages["orders"].json["panels"]]
    assert titles == [
        *("Most failures", "Waiting in all shops", "Orders"),
        *("Failed", "Time taken", "Handled", "Waiting"),
    ]
    assert {each["type"] for each in pages["nginx"].json["panels"][:2]} == {"stat"}


def test_obs_validate_prints_the_packs_in_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", "--spec", str(place(tmp_path))]) == 0
    assert "\n2 packs\n  orders, nginx\n" in capsys.readouterr().out


def test_its_examples_of_specs_are_valid(tmp_path: Path) -> None:
    place(tmp_path)
    blocks = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.S | re.M)
    parts = [each for each in blocks if each.startswith(("packs:", "alerts:"))]
    assert len(parts) == 4
    own = {"packs": {"host": {"where": {"job": "node"}}}}
    for index, each in enumerate(parts):
        text = SPEC + each
        if each.startswith("alerts:"):
            text += yaml.safe_dump(own)
        path = tmp_path / f"spec{index}.yaml"
        path.write_text(text, encoding="utf-8")
        check_tuning(read_spec([path], variables={}))


def test_its_table_of_quantities_has_every_kind() -> None:
    table = TEXT.partition("**Quantities**")[2].partition("**Alerts.**")[0]
    named = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?) \|", table, re.M)))
    assert named == list(OwnQuantity.model_fields)


def test_the_tuning_that_it_shows_applies_to_one_object(tmp_path: Path) -> None:
    shown = re.search(r"^- tuning by the spec: `(.*)`$", TEXT, re.M)
    assert shown
    path = place(tmp_path)
    path.write_text(f"{path.read_text()}{shown[1]}\n")
    found = read_spec([path], variables={})
    check_tuning(found)
    rules = [each for each in tuned_alerts(found.system) if each.name == "OrdersFailing"]
    assert [(each.only, each.when.words().threshold) for each in rules] == [
        ((), "2 %"),
        ((("shop", "berlin"),), "10 %"),
    ]


def test_the_schema_accepts_its_pack_and_refuses_a_misspelt_field() -> None:
    validator = Draft202012Validator(pack_schema())
    Draft202012Validator.check_schema(pack_schema())
    pack = yaml.safe_load(files()["packs/orders.yaml"])
    assert list(validator.iter_errors(pack)) == []
    pack["quantities"]["waiting"]["value"]["metrc"] = "x"
    assert list(validator.iter_errors(pack))


def test_every_field_of_a_pack_in_yaml_is_described() -> None:
    schema = pack_schema()
    models = {"PackFile": schema, **schema["$defs"]}
    bare = [
        f"{name}.{field}"
        for name, model in models.items()
        for field, each in model["properties"].items()
        if not each.get("description", "").endswith((".", ")"))
    ]
    assert bare == []


def test_obs_schema_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--pack"]) == 0
    assert '"title": "obs pack"' in capsys.readouterr().out


def test_a_percentile_has_the_buckets_that_its_file_says(spec: Spec) -> None:
    slow = next(each for each in tuned_alerts(spec.system) if each.name == "OrdersSlow")
    quantity = slow.when.quantity  # type: ignore[attr-defined]
    assert isinstance(quantity, Percentile)
    assert quantity.histogram.buckets == (0.1, 0.25, 0.5, 1, 2.5, 5, 10)
