"""State files that earlier versions wrote: SLOs go on from them."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from obs.collector.objectives import Objectives
from obs.spec.slos import Slo
from obs.state import State, open_state
from tests.unit.collector.example_slos import (
    DELIVERY,
    KEEPS_UP,
    PROCESSED,
    START,
    Consumers,
    numbers,
)

# As written by version 0.1: three SLOs after some polls, the first after a downward correction.
SAVED = {
    "orders/delivery": (
        b"\x86\xa3sli\xd9n"
        b'{"eventbridge": {"bus": "orders", "rules": ["pa*"], "source": "aws"},'
        b' "nats_delivery": null, "nats_lag": null}'
        b"\xa9watermark\xcekI\xd2\xb4\xa6events\x85\xa5total\xcb@Y\x00\x00\x00\x00\x00\x00"
        b"\xa4owed\xcb\x00\x00\x00\x00\x00\x00\x00\x00\xa5since\xcekI\xd2\x00\xa5floor\xcekI\xd2\x00"
        b"\xa6values\x81\xcekI\xd2\x00\xcb@Y\x00\x00\x00\x00\x00\x00"
        b"\xabgood_events\x85\xa5total\xcb@X\xc0\x00\x00\x00\x00\x00"
        b"\xa4owed\xcb@\x00\x00\x00\x00\x00\x00\x00\xa5since\xcekI\xd2\x00\xa5floor\xcekI\xd2\x00"
        b"\xa6values\x81\xcekI\xd2\x00\xcb@X@\x00\x00\x00\x00\x00"
        b"\xaadeliveries\x80\xacmissing_from\xcb\x00\x00\x00\x00\x00\x00\x00\x00"
    ),
    "orders/keeps-up": (
        b"\x86\xa3sli\xd9\xa7"
        b'{"eventbridge": null, "nats_delivery": null, "nats_lag": {"account": "*",'
        b' "consumer": "c", "max_messages": null, "max_seconds": 30.0, "source": "main",'
        b' "stream": "S"}}'
        b"\xa9watermark\xcekI\xd2x\xa6events\x85\xa5total\xcb@\x00\x00\x00\x00\x00\x00\x00"
        b"\xa4owed\xcb\x00\x00\x00\x00\x00\x00\x00\x00\xa5since\xcekI\xd2\x00\xa5floor\xcekI\xd2\x00"
        b"\xa6values\x82\xcekI\xd2\x00\xcb?\xf0\x00\x00\x00\x00\x00\x00"
        b"\xcekI\xd2<\xcb?\xf0\x00\x00\x00\x00\x00\x00"
        b"\xabgood_events\x85\xa5total\xcb@\x00\x00\x00\x00\x00\x00\x00"
        b"\xa4owed\xcb\x00\x00\x00\x00\x00\x00\x00\x00\xa5since\xcekI\xd2\x00\xa5floor\xcekI\xd2\x00"
        b"\xa6values\x82\xcekI\xd2\x00\xcb?\xf0\x00\x00\x00\x00\x00\x00"
        b"\xcekI\xd2<\xcb?\xf0\x00\x00\x00\x00\x00\x00"
        b"\xaadeliveries\x80\xacmissing_from\xc0"
    ),
    "orders/processed": (
        b"\x86\xa3sli\xd9|"
        b'{"eventbridge": null, "nats_delivery": {"account": "*", "consumer": "c",'
        b' "source": "main", "stream": "S"}, "nats_lag": null}'
        b"\xa9watermark\xcekI\xd2x\xa6events\x85\xa5total\xcb@N\x00\x00\x00\x00\x00\x00"
        b"\xa4owed\xcb\x00\x00\x00\x00\x00\x00\x00\x00\xa5since\xcekI\xd2\x00\xa5floor\xcekI\xd2\x00"
        b"\xa6values\x82\xcekI\xd2\x002\xcekI\xd2<\n"
        b"\xabgood_events\x85\xa5total\xcb@M\x80\x00\x00\x00\x00\x00"
        b"\xa4owed\xcb\x00\x00\x00\x00\x00\x00\x00\x00\xa5since\xcekI\xd2\x00\xa5floor\xcekI\xd2\x00"
        b"\xa6values\x82\xcekI\xd2\x001\xcekI\xd2<\n"
        b"\xaadeliveries\x81\xa5A/S/c\x92F\x01\xacmissing_from\xc0"
    ),
}
EVENTS = {  # good, total
    "orders/delivery": (97.0, 100.0),
    "orders/keeps-up": (2.0, 2.0),
    "orders/processed": (59.0, 60.0),
}


@pytest.fixture
def state(tmp_path: Path) -> State:
    """The state file of an earlier version."""
    state = open_state(tmp_path, pytest.fail)
    for key, saved in SAVED.items():
        state.put("slo", key, saved)
        state.put_buckets(key, [(step, START, *EVENTS[key]) for step in (60, 300, 900)])
    state.flush()
    state.close()
    return open_state(tmp_path, pytest.fail)


def restored(state: State, *slos: Slo) -> Objectives:
    return Objectives(slos, state, lambda: pytest.fail("damaged"), START + 3600)


def test_slos_go_on_from_the_state_that_an_earlier_version_wrote(state: State) -> None:
    objectives = restored(state, DELIVERY, KEEPS_UP, PROCESSED)
    for objective in objectives.all:
        evaluation = objective.evaluation
        assert evaluation is not None
        assert (evaluation.good, evaluation.total) == EVENTS[objective.key]
    delivery, _, processed = objectives.all
    assert (delivery.events.total, delivery.good_events.total) == (100, 99)
    assert delivery.good_events.state().deficit == 2
    assert delivery.missing_from == 0
    assert (processed.events.total, processed.good_events.total) == (60, 59)


def test_the_history_of_an_earlier_version_begins_with_its_oldest_minute(state: State) -> None:
    delivery, keeps_up, _ = restored(state, DELIVERY, KEEPS_UP, PROCESSED).all
    assert (delivery.since, delivery.expected.minutes) == (START, False)
    assert keeps_up.expected.minutes
    delivery.known_from(START - 900)
    delivery.save(state)
    state.flush()
    assert restored(state, DELIVERY).all[0].since == START - 900


def test_a_measurement_that_counted_otherwise_goes_on_from_now(state: State) -> None:
    objectives = restored(state, PROCESSED)
    for second, done in ((600, 110), (630, 130), (660, 130)):
        objectives.update("main", Consumers(START + second, numbers(done=done)))
    assert objectives.all[0].events.total == 60 + 20
    assert objectives.all[0].good_events.total == 59 + 20


def test_a_new_kind_of_sli_changes_no_other_sli(state: State) -> None:
    (objective,) = restored(state, KEEPS_UP).all
    older = SAVED[objective.key].replace(b'"nats_delivery": null, ', b"")
    shorter = older.replace(b"\xd9\xa7", bytes([0xD9, 0xA7 - len('"nats_delivery": null, ')]))
    state.put("slo", objective.key, shorter)
    state.flush()
    assert restored(state, KEEPS_UP).all[0].events.total == 2


def test_an_sli_that_cannot_be_read_is_damage(state: State) -> None:
    damages: list[str] = []
    broken = SAVED["orders/keeps-up"].replace(b'{"eventbridge"', b'["eventbridge"')
    state.put("slo", "orders/keeps-up", broken)
    state.flush()
    (objective,) = Objectives([KEEPS_UP], state, lambda: damages.append("slo"), START).all
    assert damages == ["slo"]
    assert objective.evaluation is None


def test_an_earlier_version_reads_what_is_written_now(state: State) -> None:
    for objective in restored(state, DELIVERY, KEEPS_UP, PROCESSED).all:
        objective.save(state)
    state.flush()
    written = state.entries("slo")
    for key, saved in SAVED.items():
        now, earlier = decoded(written[key]), decoded(saved)
        assert {name: now[name] for name in earlier} == earlier


def decoded(saved: bytes) -> dict[str, Any]:
    """Without the kinds of SLI that are not written, which no version goes by."""
    found: dict[str, Any] = msgspec.msgpack.decode(saved)
    found.pop("measurement", None)  # no earlier version goes by it
    found["deliveries"] = {}  # by which an earlier version goes on from now
    kinds = json.loads(found["sli"])
    return {**found, "sli": {kind: sli for kind, sli in kinds.items() if sli is not None}}
