"""docs/checks.md lists what there is, and names nothing that there is not."""

import re
from pathlib import Path

from obs.alerts.definitions import BY_NAME as ALERTS
from obs.catalogue import BY_NAME as METRICS
from obs.checks.catalogue import BY_NAME, CHECKS
from obs.sources.nats.monitor_thresholds import CONSUMER_KEYS, STREAM_KEYS

TEXT = (Path(__file__).parents[3] / "docs" / "checks.md").read_text(encoding="utf-8")
RIVAL = TEXT.partition("## Beside `nats server check`")[2]


def test_every_check_is_listed_with_its_question_in_order() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \| (.+\?) \|$", TEXT, re.MULTILINE)
    assert listed == [(check.name, check.question) for check in CHECKS]


def test_every_alert_metric_and_check_that_it_names_exists() -> None:
    alerts = set(re.findall(r"\b(?:Nats|Obs)[A-Z]\w+", TEXT))
    metrics = set(re.findall(r"`((?:nats|obs)_[a-z_]+[a-z])`", TEXT))
    checks = set(re.findall(r"`((?:jetstream|nats)-[a-z-]+)`", TEXT))
    assert alerts <= set(ALERTS)
    assert metrics <= set(METRICS)
    assert checks <= set(BY_NAME)


def test_every_key_of_metadata_has_its_row_beside_the_nats_cli() -> None:
    told = set(re.findall(r"--([a-z-]+)`", RIVAL))
    assert told == {key.name for key in (*CONSUMER_KEYS, *STREAM_KEYS)}
