"""The collector itself is killed, started twice on one state, or given specs that are wrong."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.integration.collector_process import Sample, Scrape, Spec, key
from tests.integration.scraping import Seen
from tests.outages.counting import counting
from tests.outages.outage import Outage, Recovery
from tests.outages.watch import DELIVERY, Watch, within

_CHANGES: Final = 5
_SEED: Final = 7
_LONGEST_LIFE: Final = 1.5  # seconds
_OFTEN: Final = 0.7  # the share of lives that begin when it serves; the others end before, often
REFUSED: Final = key("obs_spec_refused")


def _killed(times: int) -> Callable[[Path], Recovery]:
    """At random moments of its life, also before it serves."""

    def run(folder: Path) -> Recovery:
        random, early = Random(_SEED), 0
        with counting(folder) as (watch, orders, _):
            collector = watch.collector
            watch.begin()
            for _ in range(times):
                if random.random() < _OFTEN:
                    within(lambda: collector.get("/healthz").status == 200)
                dies = time.monotonic() + random.uniform(0, _LONGEST_LIFE)
                orders.deliver(3, given_up=1)
                time.sleep(max(dies - time.monotonic(), 0.0))
                early += not collector.get("/healthz").status
                collector.kill()
                collector.launch()
            watch.end()
            watch.notes.append(f"of {times} kills {early} before it served")
            return watch.recovery()

    return run


def _second_on_the_state(folder: Path) -> Recovery:
    """The second is refused; once the first is killed, it goes on from the same state."""
    with counting(folder) as (watch, orders, _):
        collector = watch.collector
        orders.deliver(5, given_up=2)
        collector.polls("nats", 1)
        watch.begin()
        second = collector.output()
        if (second.returncode, second.stdout) != (2, "") or "in use by" not in second.stderr:
            watch.wrong.append(f"the second ended with {second.returncode}: {second.stderr}")
        watch.notes.append("the second one ends at once, with the reason and status 2")
        orders.deliver(2)
        collector.kill()
        collector.launch()
        watch.end()
        return watch.recovery()


def _wrong_specs(spec: Spec) -> dict[str, str | bytes | None]:
    """What is wrong, and the content of the file; None where there is none."""
    text = json.dumps(spec)

    def with_(**fields: Any) -> str:
        return json.dumps({**spec, **fields})

    def source(**fields: Any) -> str:
        nats = {**spec["sources"]["nats"]["nats"], **fields}
        return with_(sources={"nats": {"nats": nats}})

    def slo(**fields: Any) -> str:
        return with_(slos=[{**DELIVERY, **fields}])

    return {
        "half of it": text[: len(text) // 2],
        "empty": "",
        "no text": b"\xff\xfe\x00\x01" * 100,
        "a tab": "version: 1\n\tsystem: oms\n",
        "a list": "[1, 2]",
        "not there": None,
        "another version": with_(version=2),
        "a field that is none": with_(systems="oms"),
        "a system without a name": with_(system=""),
        "a misspelt field": text.replace('"monitor"', '"monitr"'),
        "no address": source(monitor=["no address"]),
        "a poll of nothing": source(poll="0s"),
        "a duration that is none": source(timeout="soon"),
        "a secret in it": source(connection={"servers": ["nats://a:b@127.0.0.1:1"]}),
        "an advisory stream with a wrong name": source(
            connection={"servers": ["nats://127.0.0.1:1"], "advisory_stream": "a b"}
        ),
        "an objective of more than all": slo(objective=100.5),
        "an SLO of a source that is not there": slo(
            sli={"nats_lag": {**DELIVERY["sli"]["nats_delivery"], "source": "n", "max_messages": 1}}
        ),
        "two SLOs of one name": with_(slos=[DELIVERY, DELIVERY]),
        "a metric that is none": with_(metrics={"include": ["nats_none"]}),
        "another address of its own": with_(outputs={"web": {"listen": "127.0.0.1:1"}}),
        "another state folder": with_(state_dir=spec["state_dir"] + "2"),
    }


def _refused(folder: Path) -> Recovery:
    """Wrong specs one after the other, then one with one more SLO."""
    with counting(folder) as (watch, orders, _):
        collector = watch.collector
        usual = _lasting(collector.scrape())
        watch.begin()
        wrong = _wrong_specs(collector.spec)
        for what, content in wrong.items():
            told = collector.status()["spec_refused"]
            _write(collector.spec_file, content)
            collector.hang_up()
            if not within(lambda: collector.status()["spec_refused"] not in ("", told), 20):  # noqa: B023
                watch.wrong.append(f"not refused: {what}")
            orders.deliver(1)
        watch.notes.append(f"{len(wrong)} wrong specs, each refused with the reason")
        more = {**collector.spec, "slos": [DELIVERY, {**DELIVERY, "name": "more"}]}
        collector.spec_file.write_text(json.dumps(more))
        collector.hang_up()
        watch.end()
        told_of = watch.truth
        added = {REFUSED: 0.0, key("slo_objective_ratio", slo="more", slo_service="oms"): 0.5}
        watch.truth = lambda: told_of() | added
        return _without_gap(watch, usual)


def _changed(folder: Path) -> Recovery:
    """Sound specs, each while a poll is under way, and one more poll later the next."""
    with counting(folder) as (watch, orders, monitor):
        collector = watch.collector
        usual = _lasting(collector.scrape())
        watch.begin()
        monitor.edit = _slowly
        for number in range(_CHANGES):
            asked = monitor.requests
            within(lambda: monitor.requests > asked)  # noqa: B023
            changed = {**collector.spec, "description": f"change {number}"}
            collector.spec_file.write_text(json.dumps(changed))
            collector.hang_up()
            orders.deliver(2, given_up=1)
            in_force = "the spec was read again and is in force"
            within(lambda: collector.log.count(in_force) > number)  # noqa: B023
        watch.notes.append(f"{_CHANGES} changes, each while a poll was under way")
        monitor.edit = lambda _, status, body: (status, body)
        watch.end()
        return _without_gap(watch, usual)


def _slowly(_: str, status: int, body: bytes) -> tuple[int, bytes]:
    time.sleep(0.3)
    return status, body


def _lasting(scrape: Scrape) -> set[Sample]:
    """The series that no change of a spec may interrupt. What a connection brings is unknown until
    the next one is made; what a month will cost is told after a poll."""
    unknown = ("_dead_letters_", "_ack_", "_asset_changes_", "nats_events_", "_projected_")
    return {sample for sample in scrape if not any(word in sample[0] for word in unknown)}


def _without_gap(watch: Watch, usual: set[Sample]) -> Recovery:
    """The recovery; a scrape without a series that there was before is a loss."""
    recovery = watch.recovery()
    sights = [each for each in watch.seen.sights if each.at >= watch.began]
    missed = sorted({name for scrape in Seen(sights).scrapes for name, _ in usual - scrape.keys()})
    return replace(recovery, lost=f"scrapes without {missed[:5]}") if missed else recovery


def _write(file: Path, content: str | bytes | None) -> None:
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


DRILLS: tuple[Outage, ...] = (
    Outage("the collector is killed 8 times", 15.0, _killed(8), short=True),
    Outage("the collector is killed 200 times", 15.0, _killed(200)),
    Outage("a second collector on the same state", 15.0, _second_on_the_state),
    Outage("wrong specs while it runs", 15.0, _refused),
    Outage("the spec changes while polls are under way", 15.0, _changed),
)
