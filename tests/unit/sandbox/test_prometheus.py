"""Prometheus is told to scrape the collector."""

import json
from pathlib import Path

from obs.sandbox.prometheus import PrometheusProcess, Rules


def test_prometheus_scrapes_the_collector_every_five_seconds(tmp_path: Path) -> None:
    prometheus = PrometheusProcess("/bin/true", tmp_path, "127.0.0.1:9464")
    prometheus.start()
    prometheus.stop()
    config = json.loads((tmp_path / "prometheus.yml").read_text())
    assert config["global"]["scrape_interval"] == "5s"
    (scrape,) = config["scrape_configs"]
    assert scrape["static_configs"] == [{"targets": ["127.0.0.1:9464"]}]
    assert prometheus.url.removeprefix("http://") in " ".join(prometheus.process.argv)


def test_rules_are_judged_as_often_as_is_scraped_and_alertmanager_is_told(tmp_path: Path) -> None:
    rules = Rules("/rules/*.yaml", "127.0.0.1:9093")
    prometheus = PrometheusProcess("/bin/true", tmp_path, "127.0.0.1:9464", rules=rules, every=1)
    prometheus.start()
    prometheus.stop()
    config = json.loads((tmp_path / "prometheus.yml").read_text())
    assert config["global"]["evaluation_interval"] == "1s"
    assert config["rule_files"] == ["/rules/*.yaml"]
    (manager,) = config["alerting"]["alertmanagers"]
    assert manager["static_configs"] == [{"targets": ["127.0.0.1:9093"]}]
