"""A changed spec, taken up by a running collector while it is scraped all the time."""

import copy
import json
from itertools import pairwise

import pytest

from tests.integration.aws_fixtures import emulator, proxy
from tests.integration.collector_process import CollectorProcess, collectors, key
from tests.integration.scraping import scraping
from tests.integration.systems import Systems, all_well, collector, systems

__all__ = ["Systems", "all_well", "collector", "collectors", "emulator", "proxy", "systems"]

pytestmark = pytest.mark.integration

REFUSED = key("obs_spec_refused")
BUDGET = key("slo_error_budget_remaining_ratio", slo="delivery", slo_service="oms")


def test_no_scrape_misses_a_series_and_no_counter_falls(collector: CollectorProcess) -> None:
    for kind in collector.spec["sources"].values():  # a busy machine makes nothing stale
        for source in kind.values():
            source["stale_after"] = "1m"
    before = collector.start().until(lambda scrape: BUDGET in scrape)
    added = copy.deepcopy(collector.spec["slos"][0]) | {"name": "added"}
    changed = {**collector.spec, "slos": [*collector.spec["slos"], added]}
    with scraping(collector) as seen:
        for spec in (changed, collector.spec):
            there = len(spec["slos"]) > len(collector.spec["slos"])
            collector.spec_file.write_text(json.dumps(spec))
            collector.hang_up()
            sample = key("slo_objective_ratio", slo="added", slo_service="oms")
            collector.until(lambda scrape: (sample in scrape) == there)  # noqa: B023
            collector.polls("nats")
    # What a month will cost is told after the first poll; no alert is on it.
    stays = {sample for sample in before if "_projected_" not in sample[0]}
    found = seen.scrapes
    assert len(found) == len(seen.sights) > 10
    for scrape in found:
        assert stays <= scrape.keys()
    for earlier, later in pairwise(found):
        for sample in stays:
            if sample[0].endswith("_total"):
                assert later[sample] >= earlier[sample], sample
    assert found[-1][BUDGET] == before[BUDGET]
    collector.logged("the spec was read again and is in force", times=2)
    assert collector.stop() == 0


def test_a_spec_that_is_wrong_is_refused_with_the_reason_and_nothing_else_changes(
    collector: CollectorProcess,
) -> None:
    collector.start().until(lambda scrape: BUDGET in scrape)
    wrong = json.dumps(collector.spec).replace('"monitor"', '"monitr"')
    collector.spec_file.write_text(wrong)  # nobody asks: it looks by itself
    scrape = collector.until(lambda scrape: scrape[REFUSED] == 1)
    assert BUDGET in scrape
    collector.logged("the changed spec is not in force: ")
    told = collector.status()["spec_refused"]
    assert "unknown field; did you mean monitor?" in told
    assert any(told in problem["text"] for problem in collector.status()["verdict"]["problems"])
    collector.polls("nats")
    moved = {**collector.spec, "outputs": {"web": {"listen": "127.0.0.1:1"}}}
    collector.spec_file.write_text(json.dumps(moved))
    collector.hang_up()
    collector.logged("outputs.web cannot change without a restart")
    collector.spec_file.write_text(json.dumps(collector.spec))
    collector.until(lambda scrape: scrape[REFUSED] == 0)
    assert collector.status()["spec_refused"] == ""
    assert collector.stop() == 0
