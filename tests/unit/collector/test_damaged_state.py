"""Whatever is in the state file: the collector begins, polls, and what it saves then is sound.

The real process on thousands of damages is a drill: `python -m tests.hostile state`.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from obs.sources.nats.consumer_tracker import ConsumerTracker
from obs.state import FILE_NAME, open_state
from tests.hostile import state_damage
from tests.hostile.state_damage import Damage, Running

Damages = Iterator[tuple[str, Damage]]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return state_damage.fill(tmp_path_factory.mktemp("whole"))


def schema_flips(content: bytes) -> Damages:
    """Text in the schema that is not UTF-8, which SQLite quotes in its messages."""
    begin = content.index(b"AFTER INSERT ON entry")
    return state_damage.flips(content, [(place, 161) for place in range(begin, begin + 60, 5)])


@pytest.mark.parametrize(
    "damages",
    [
        lambda content: state_damage.byte_flips(content, 25, seed=1),
        schema_flips,
        lambda content: islice(state_damage.page_damages(content), 0, None, 3),
        state_damage.other_files,
        lambda content: islice(state_damage.column_damages(content), 0, None, 5),
        lambda content: state_damage.value_damages(content, 20, seed=2),
    ],
    ids=["single bytes", "names of the schema", "pages", "other files", "columns", "values"],
)
def test_no_damage_keeps_the_collector_from_starting_or_stays(
    damages: Callable[[bytes], Damages], content: bytes, tmp_path: Path
) -> None:
    number, wrong = state_damage.faults(tmp_path / "state", damages(content))
    assert number >= 10
    assert wrong == []


def test_damage_in_the_history_of_a_source_leaves_its_dead_letters_and_the_slos(
    content: bytes, tmp_path: Path
) -> None:
    file = state_damage.clean(tmp_path / "state")
    place = content.index(b"since", content.index(b"nats_history"))
    file.write_bytes(content[:place] + b"S" + content[place + 1 :])
    running = Running(file.parent, state_damage.START + 300)
    assert running.errors == {"damaged": 1}
    running.poll()
    tracker = running.collector.trackers["main"]
    assert isinstance(tracker, ConsumerTracker)
    assert tracker.heard.of(("A", "ORDERS", "c0")).total == state_damage.DEAD_LETTERS
    assert all(each.watermark for each in running.collector.objectives.all[:2])
    running.collector.close()
    aside = list(file.parent.glob(f"{FILE_NAME}.damaged-*"))
    assert aside
    assert all(each.stat().st_mode & 0o077 == 0 for each in aside)


def test_a_message_that_quotes_damaged_names_is_damage_also_where_the_state_is_saved(
    content: bytes, tmp_path: Path
) -> None:
    for name, damage in schema_flips(content):
        damage(state_damage.clean(tmp_path))
        reasons: list[str] = []
        state = open_state(tmp_path, reasons.append)
        state.put("nats_history", "main", b"x")
        state.flush()
        state.close()
        assert set(reasons) <= {"damaged", "unwritable"}, name
