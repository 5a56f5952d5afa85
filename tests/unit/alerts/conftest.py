"""Specs for alerts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from obs.spec.load import Spec, read_spec

SPEC = """\
version: 1
system: shop
sources:
  nats: {main: {monitor: [http://nats:8222]}}
  aws: {cloud: {region: us-east-1}}
slos:
  - {name: on-time, service: shop, objective: 99.9, sli: {eventbridge: {source: cloud, bus: b}}}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., Spec]:
    """Reads the spec above with more text at its end."""

    def read(more: str = "", *, instead: str = SPEC) -> Spec:
        file = tmp_path / "spec.yaml"
        file.write_text(instead + more, encoding="utf-8")
        return read_spec([file], variables={})

    return read
