import math

import msgspec
import pytest

from obs.sources.nats.status import ConsumerStatus
from obs.web.status import SloStatus, Status, decode, encode

CONSUMER = ConsumerStatus(
    nats="n",
    account="$G",
    stream="S",
    consumer="c",
    status="ok",
    lag_messages=0,
    lag_seconds=0.0,
    pending=0,
    ack_pending=0,
    redelivered=0,
)
DOCUMENT = Status(system="oms", environment="test", version="1", generated_at=1.5, uptime_seconds=2)


def consumer(**fields: object) -> ConsumerStatus:
    return msgspec.structs.replace(CONSUMER, **fields)


def document(**fields: object) -> Status:
    return msgspec.structs.replace(DOCUMENT, **fields)


def test_the_document_carries_its_version() -> None:
    assert msgspec.json.decode(encode(document()))["api_version"] == 1


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_number_that_json_cannot_write_becomes_null(number: float) -> None:
    row = consumer(drain_seconds=number)
    decoded = msgspec.json.decode(encode(document(lists={"consumers": (row,)})))
    assert decoded["consumers"][0]["drain_seconds"] is None


def test_absent_values_are_written_as_null_and_not_left_out() -> None:
    decoded = msgspec.json.decode(encode(document(lists={"consumers": (consumer(),)})))
    assert decoded["consumers"][0]["dead_letters"] is None


def test_burn_rates_are_by_window() -> None:
    slo = SloStatus(
        name="a",
        service="s",
        sli="x",
        objective_percent=99.9,
        window="30d",
        state="burning",
        budget_remaining=-0.5,
        burn_rates={"5m": 14.4, "1h": None},
        error_ratios={"5m": 0.0144, "1h": None},
        exhaustion_seconds=math.inf,
        good=1,
        total=2,
        watermark=None,
    )
    decoded = msgspec.json.decode(encode(document(slos=(slo,))))["slos"][0]
    assert decoded["burn_rates"] == {"5m": 14.4, "1h": None}
    assert decoded["exhaustion_seconds"] is None
    assert decoded["budget_remaining"] == -0.5


def test_the_document_reads_back_as_the_same_values() -> None:
    row = consumer(lag_messages=3, reasons=("no_puller",))
    status = document(description="of orders")
    written = encode(msgspec.structs.replace(status, lists={"consumers": (row,)}))
    assert decode(written) == status
    listed = msgspec.json.decode(written)["consumers"]
    assert msgspec.convert(listed, tuple[ConsumerStatus, ...]) == (row,)


def test_lists_and_figures_of_kinds_are_fields_in_their_places() -> None:
    status = document(lists={"consumers": (), "queues": ()}, figures={"dollars": None})
    names = list(msgspec.json.decode(encode(status)))
    last = ["slos", "consumers", "queues", "sources", "pushes", "spec_objects", "dollars"]
    assert names[-7:] == last
