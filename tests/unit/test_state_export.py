"""A state file as lines, and back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.errors import BadInput
from obs.state import State
from obs.state_export import exported, take

ENTRIES = st.dictionaries(
    st.tuples(st.sampled_from(["slo", "nats_history"]), st.text(max_size=20)),
    st.binary(max_size=50),
    max_size=8,
)
BUCKETS = st.dictionaries(
    st.integers(0, 10_000).map(lambda n: n * 60), st.tuples(st.integers(0, 9), st.integers(9, 20))
)


def memory() -> State:
    return State(Path("memory"), None, lambda _: None)


def filled(entries: dict[tuple[str, str], bytes], buckets: dict[int, tuple[int, int]]) -> State:
    state = memory()
    for (kind, key), value in entries.items():
        state.put(kind, key, value)
    state.put_buckets("a/b", [(60, start, float(g), float(t)) for start, (g, t) in buckets.items()])
    assert state.flush()
    return state


@given(ENTRIES, BUCKETS)
def test_what_is_imported_is_what_was_exported(
    entries: dict[tuple[str, str], bytes], buckets: dict[int, tuple[int, int]]
) -> None:
    lines = [*exported(filled(entries, buckets))]
    other = memory()
    if not entries and not buckets:
        with pytest.raises(BadInput, match="holds no state"):
            take(other, lines, "f")
        return
    assert take(other, lines, "f") == (len(entries), int(bool(buckets)))
    assert other.flush()
    assert [*exported(other)] == lines


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([b"{}"], "f:1: no line of an export"),
        ([b"\xff"], "f:1: no line of an export"),
        ([b'{"type":"entry","kind":"k","key":"k","value":""}'], "f:1: no export of"),
        ([b'{"type":"obs-state","format":2}'], "f:1: no export of"),
        (["head", "head"], "f:2: a second head"),
        (["head", b'{"type":"entry","kind":"k","key":"k","value":"?"}'], "f:2: the value is no"),
        (["head", b'{"type":"ledger","slo":"s","buckets":[[60,1,1,2]]}'], "f:2: \\[60, 1,"),
        (["head", b'{"type":"ledger","slo":"s","buckets":[[60,0,1,2,3]]}'], "f:2: no line"),
    ],
)
def test_what_is_no_export_is_told_with_its_line(lines: list[bytes | str], why: str) -> None:
    head = b'{"type":"obs-state","format":1}'
    with pytest.raises(BadInput, match=why):
        take(memory(), [head if line == "head" else line for line in lines], "f")  # type: ignore[misc]
