"""The status page in a terminal."""

import json
from collections.abc import Callable

import msgspec
import pytest

from obs.sources.kinds import KINDS
from obs.web.page.columns import columns
from obs.web.page.content import Filter, Tone
from obs.web.page.terminal import lines, trend
from obs.web.page.terminal_several import Answer, lines_of_several, missing_shards
from obs.web.status import Status, decode_whole, encode
from obs.web.verdict import complete
from tests.integration.statuses import consumer, healthy, large, starting, troubled

ROWS = {name: row for kind in KINDS for name, row in kind.rows().items()}
ADDRESSES = ["http://host-1:9464", "http://host-2:9464"]
STATUSES = pytest.mark.parametrize("make", [healthy, troubled, starting], ids=lambda f: f.__name__)


def plain(text: str, _: Tone) -> str:
    return text


def shown(status: Status, typed: str = "", width: int = 10_000) -> list[str]:
    kinds = [kind.on_page(status, Filter(typed)) for kind in KINDS]
    return list(lines(status, kinds, status.generated_at, width, plain))


@STATUSES
def test_what_the_collector_sends_is_read_back_whole(make: Callable[[], Status]) -> None:
    sent = encode(complete(make()))
    back = json.loads(encode(decode_whole(sent, ROWS)))
    assert back == {name: [] for name in ROWS} | json.loads(sent)


def test_it_says_what_is_wrong_first_and_then_everything() -> None:
    text = "\n".join(shown(complete(troubled())))
    assert text.splitlines()[1].startswith("✗ Server n2 (n2:8222) is unhealthy")
    for part in (
        "critical OMS_EVENTS/billing-projection is stopped",
        "stopped (no client is pulling)",
        "48,211",
        "CONSUMERS  7 total, 4 with lag",
        "912 (5.0 %)",
        "aws (aws; throttled: GetMetricData: Rate exceeded)",
    ):
        assert part in text, text


@STATUSES
@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(make: Callable[[], Status], width: int) -> None:
    for line in shown(complete(make()), width=width):
        assert len(line) <= width


def test_words_choose_consumers() -> None:
    text = "\n".join(shown(complete(large(100)), "worker-00042"))
    assert "worker-00042" in text
    assert "worker-00041" not in text


@pytest.mark.parametrize(
    ("values", "bars"),
    [((), ""), ((0, 0), "▁▁"), ((0, 7, 3.5), "▁█▅"), ((1, None, 2), "▅ █"), ((-1, 2), "▁█")],
)
def test_a_trend_is_drawn_from_zero(values: tuple[float | None, ...], bars: str) -> None:
    assert trend(values) == bars


def of_shard(make: Callable[[], Status], shard: str) -> Answer:
    status = msgspec.structs.replace(complete(make()), shard=shard)
    return Answer(f"http://host-{shard[:1]}:9464", status)


def test_a_long_name_leaves_room_for_what_is_known_of_it() -> None:
    found = (consumer("c" * 200, state="stopped", seconds=90.0), consumer("日本語", lag=7))
    status = msgspec.structs.replace(healthy(), lists={"consumers": found})
    _, head, *rows = table_of(shown(status, width=120), "CONSUMERS")
    assert [row.split("  ")[0][-12:] for row in rows] == ["(OMS_EVENTS)"] * 2
    assert "stopped" in rows[0]
    assert head.endswith("Dead letters")
    assert {columns(row) for row in rows} == {columns(head)}
    assert "c" * 200 in "\n".join(shown(status))


def table_of(page: list[str], title: str) -> list[str]:
    """The lines of a table."""
    rest = page[next(at for at, line in enumerate(page) if line.startswith(title)) :]
    return rest[: rest.index("")]


def several(answers: list[Answer], width: int = 10_000) -> list[str]:
    return list(lines_of_several(answers, width, plain))


@pytest.mark.parametrize("width", [20, 80, 200])
def test_several_collectors_have_a_row_each_and_their_problems_the_worst_first(width: int) -> None:
    gone = Answer("http://host-3:9464", error="http://host-3:9464: cannot connect")
    answers = [of_shard(healthy, "1/4"), of_shard(troubled, "2/4"), gone]
    found = several(answers)
    assert [line.split()[0] for line in found[:4]] == ["COLLECTORS", "Collector", *ADDRESSES[:2]]
    assert found[4].endswith("? http://host-3:9464: cannot connect")
    problems = found[found.index("PROBLEMS") + 1 : -2]
    levels = [line.split()[0] for line in problems]
    assert levels == sorted(levels, key=["critical", "unknown", "warning"].index)
    assert len(set(levels)) > 1
    assert all(": " in line and " shard 2/4: " in line for line in problems)
    assert found[-1] == "Not among these: 3/4, 4/4"
    assert all(len(line) <= width for line in several(answers, width))


def test_collectors_without_shards_miss_none() -> None:
    answers = [of_shard(healthy, ""), of_shard(starting, "")]
    assert missing_shards(answers) == []
    assert not any("Not among" in line for line in several(answers))
    assert missing_shards([of_shard(healthy, "2/2"), of_shard(healthy, "1/2")]) == []
