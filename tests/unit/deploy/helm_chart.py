"""The chart as Helm's own library sees it; skipped with a word where that has no wheel."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.deploy.deployed import DEPLOY
from tests.unit.deploy.manifests import Manifest, documents

CHART = DEPLOY / "helm" / "obs"
RELEASE, NAMESPACE = "shop", "monitoring"
SETS = sorted(path.stem for path in (CHART / "ci").glob("*.yaml"))

helm = pytest.importorskip("helm_python", reason="helm-python-sdk has no wheel for this machine")

_MINIMAL: dict[str, Any] = {"spec": {"version": 1, "system": "shop"}}


def values_of(name: str) -> dict[str, Any]:
    """One of the chart's sets of values."""
    found: dict[str, Any] = yaml.safe_load((CHART / "ci" / f"{name}.yaml").read_text("utf-8"))
    return found


def rendered(values: Mapping[str, Any], path: Path = CHART) -> list[Manifest]:
    """What `helm install` would create. Raises helm.HelmError."""
    with helm.Chart.load(path) as chart:
        chart.validate_schema(dict(values))
        files = chart.render(dict(values), name=RELEASE, namespace=NAMESPACE)
    texts = [text for name, text in files.items() if not name.endswith("NOTES.txt")]
    return [each for text in texts for each in documents(text)]


def minimal(**values: Any) -> list[Manifest]:
    """With the smallest spec, and these values."""
    return rendered({**_MINIMAL, **values})


def refusal(values: Mapping[str, Any]) -> str:
    """Why Helm does not take these values."""
    with pytest.raises(helm.HelmError) as caught:
        rendered(values)
    return str(caught.value)


def parent_chart(folder: Path, values: str) -> Path:
    """A chart that depends on this one and includes the sidecar, as the documentation shows."""
    chart = folder / "processor"
    (chart / "templates").mkdir(parents=True)
    shutil.copytree(CHART, chart / "charts" / "obs")
    (chart / "Chart.yaml").write_text(
        "apiVersion: v2\nname: processor\nversion: 1.0.0\n"
        "dependencies: [{name: obs, version: 0.x.x, repository: 'file://charts/obs'}]\n"
    )
    (chart / "values.yaml").write_text(values)
    return chart
