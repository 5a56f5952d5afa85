"""Declaring a metric is all it takes to have it in the catalogue."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import obs
from obs import catalogue
from obs.catalogue import aws, declare, recorded
from obs.catalogue.metric import Kind, Metric


@pytest.fixture
def restored() -> Iterator[None]:
    """Forgets what a test declares."""
    before = dict(declare.EXPORTED)
    yield
    declare.EXPORTED.clear()
    declare.EXPORTED.update(before)


@pytest.mark.usefixtures("restored")
def test_a_declared_metric_is_in_the_catalogue_at_once() -> None:
    tills = declare.gauge("shop_open_tills", ("shop",), "Open tills of the shop.")
    assert catalogue.BY_NAME["shop_open_tills"] is tills
    assert tills in catalogue.ALL
    assert list(catalogue.BY_NAME)[-1] == "shop_open_tills"


@pytest.mark.usefixtures("restored")
def test_a_name_is_declared_once() -> None:
    with pytest.raises(ValueError, match="metric nats_server_up is declared twice"):
        declare.counter("nats_server_up", (), "Again.")
    assert catalogue.BY_NAME["nats_server_up"].kind is Kind.GAUGE


def test_a_metric_that_is_only_made_is_not_declared() -> None:
    assert Metric("shop_open_tills", Kind.GAUGE, "Open tills.", ()) not in catalogue.ALL


def test_recorded_series_are_not_exported() -> None:
    assert catalogue.RECORDED["slo:burn_rate:ratio"] is recorded.BURN_RATE
    assert not catalogue.RECORDED.keys() & catalogue.BY_NAME.keys()


def test_groups_hold_every_metric_of_their_labels_and_kind() -> None:
    assert declare.with_labels(aws.RULE, Kind.COUNTER) == aws.RULE_METRICS
    assert declare.with_labels(aws.RULE, Kind.GAUGE) == aws.LATENCY_METRICS
    assert aws.INVOCATIONS in aws.RULE_METRICS


def test_a_new_module_in_the_folder_needs_no_list(tmp_path: Path) -> None:
    package = tmp_path / "obs"
    shutil.copytree(Path(obs.__file__).parent, package)
    module = package / "catalogue" / "tills.py"
    module.write_text(
        "from obs.catalogue.declare import gauge\n"
        'OPEN = gauge("shop_open_tills", ("shop",), "Open tills of the shop.")\n',
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-c", "from obs import catalogue; print(*catalogue.BY_NAME)"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert sorted(done.stdout.split()) == sorted([*catalogue.BY_NAME, "shop_open_tills"])
