"""Whatever a foreign file holds: a valid spec, or one clear line each."""

import random
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from obs.errors import BadInput
from obs.imports.formats import FORMATS, import_files
from obs.imports.imported import Options
from obs.spec.load import load
from tests.unit.cli.test_imports import ALPHA, KUBERNETES, OPENSLO, PARTLY, SLOTH
from tests.unit.imports.test_pyrra import PYRRA

ODD: Final[tuple[Any, ...]] = (
    *(None, True, -5, 0, 101, 99.99, float("nan"), float("inf"), "", " ", "é\u2028", "a" * 9000),
    *([], {}, [[1]], {"a": {"b": None}}, ["x"]),
    *("sum(", "{{.window}}", "${A", "a[5m]", "rate(x[{{.window}}])", "a / b", "1q", "SLI"),
)


def changed(value: Any, chance: random.Random) -> Any:
    """The value, with some of what is in it replaced."""
    if chance.random() < 0.05:
        return chance.choice(ODD)
    if isinstance(value, dict):
        return {key: changed(below, chance) for key, below in value.items()}
    if isinstance(value, list):
        return [changed(below, chance) for below in value]
    return value


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("sloth", SLOTH + "---\n" + PARTLY),
        ("sloth", KUBERNETES),
        ("openslo", OPENSLO),
        ("openslo", ALPHA),
        ("pyrra", PYRRA),
    ],
    ids=["sloth", "kubernetes", "v1", "v1alpha", "pyrra"],
)
@pytest.mark.parametrize("seed", range(5))
def test_whatever_a_file_holds_what_is_written_is_valid(
    tmp_path: Path, form: str, text: str, seed: int
) -> None:
    chance = random.Random(seed)
    documents = [changed(each, chance) for each in yaml.safe_load_all(text)]
    theirs, ours = tmp_path / "theirs.yaml", tmp_path / "ours.yaml"
    theirs.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    found, told = None, []
    try:
        found = import_files(FORMATS[form], [theirs], Options("p", "http://p:9090"))
        told = list(map(str, found.findings))
    except BadInput as error:
        told = [str(error)]
    assert not any("\n" in line for line in told)
    if found is None:
        return
    if found.text is None:
        assert any(each.lost for each in found.findings)
        return
    ours.write_text(found.text, encoding="utf-8")
    assert len(load([ours]).slos) == found.whole + found.partly
