"""What README and docs show of a spec is a spec."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from obs.spec.aws import AwsSource
from obs.spec.load import load
from obs.spec.nats import NatsSource
from obs.spec.system import System

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (
    "README.md",
    *sorted(
        str(each.relative_to(ROOT))
        for folder in ("", "how-to", "guide")
        for each in (ROOT / "docs" / folder).glob("*.md")
    ),
)
BLOCK: Final = re.compile(r"^ *```ya?ml\n(.*?)^ *```", re.DOTALL | re.MULTILINE)

OTHERS: Final = {"waivers", "scrape_configs"}
"""Of other files."""

LAG: Final = {
    "nats_lag": {"source": "main", "stream": "S", "consumer": "c", "max_seconds": "30s"},
}
WHOLE: Final[dict[str, Any]] = {
    "version": 1,
    "system": "shop",
    "sources": {
        "nats": {"main": {"monitor": ["http://nats:8222"]}},
        "aws": {"cloud": {"region": "eu-west-1"}},
        "prometheus": {"metrics": {"url": "https://prometheus:9090"}},
    },
}
"""What an example is a part of."""
OBJECTIVE: Final = {"service": "shop", "objective": 99.9, "sli": LAG}
"""What an example of an SLO may leave out."""
WAYS_IN: Final = {"monitor", "system", "connection"}
"""Of which a NATS source has one."""


def examples() -> Iterator[Any]:
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for found in BLOCK.finditer(text):
            line = text[: found.start()].count("\n") + 1
            read = yaml.safe_load(found.group(1))
            if isinstance(read, dict) and not OTHERS & read.keys():
                yield pytest.param(read, id=f"{page}:{line}")


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        key: merged(base[key], value)
        for key, value in more.items()
        if isinstance(value, dict) and isinstance(base.get(key), dict)
    }
    return {**base, **more, **both}


def whole(example: dict[str, Any]) -> dict[str, Any]:
    """A spec with the example where it belongs: by itself, at the top, or in a source."""
    if "version" in example:
        return example
    # A spec has `system` too, but as a name.
    is_source = isinstance(example.get("system"), dict)
    if example.keys() <= {*System.model_fields, "environments"} and not is_source:
        slos = [{**OBJECTIVE, **slo} for slo in example.get("slos", ())]
        sources = merged(WHOLE["sources"], example.get("sources", {}))
        for source in sources["aws"].values():
            if "regions" in source:
                source.pop("region", None)
        return {**WHOLE, **example, "slos": slos, "sources": sources}
    if example.keys() <= AwsSource.model_fields.keys():
        return merged(WHOLE, {"sources": {"aws": {"cloud": example}}})
    assert example.keys() <= NatsSource.model_fields.keys(), "no part of a spec"
    sources = dict(WHOLE["sources"])
    kept = {} if WAYS_IN & example.keys() else WHOLE["sources"]["nats"]["main"]
    return {**WHOLE, "sources": {**sources, "nats": {"main": {**kept, **example}}}}


@pytest.mark.parametrize("example", [*examples()])
def test_each_example_is_valid(example: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "obs.yaml"
    file.write_text(yaml.safe_dump(whole(example)), encoding="utf-8")
    load([file], variables={"GRAFANA_TOKEN": "t", "KEY": "k", "MONITOR": "http://nats:8222"})
