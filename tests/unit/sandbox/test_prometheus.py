"""Prometheus is told to scrape the collector."""

import json
from pathlib import Path

from obs.sandbox.prometheus import Prometheus


def test_prometheus_scrapes_the_collector_every_five_seconds(tmp_path: Path):
    prometheus = Prometheus("/bin/true", tmp_path, "127.0.0.1:9464")
    prometheus.start()
    prometheus.stop()
    config = json.loads((tmp_path / "prometheus.yml").read_text())
    assert config["global"]["scrape_interval"] == "5s"
    (scrape,) = config["scrape_configs"]
    assert scrape["static_configs"] == [{"targets": ["127.0.0.1:9464"]}]
    assert prometheus.url.removeprefix("http://") in " ".join(prometheus.process.argv)
