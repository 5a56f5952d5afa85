import pytest

from obs.sinks import gzip_stream
from obs.sinks import plain_pieces as module
from obs.sinks.gzip_stream import Piece, deflate
from obs.sinks.plain_pieces import PlainPieces

LARGE = [bytes([number]) * 70_000 for number in range(5)]


@pytest.fixture
def inflated(monkeypatch: pytest.MonkeyPatch) -> list[Piece]:
    """The pieces that were inflated."""
    found: list[Piece] = []

    def inflate(piece: Piece) -> bytes:
        found.append(piece)
        return gzip_stream.inflate(piece)

    monkeypatch.setattr("obs.sinks.plain_pieces.inflate", inflate)
    return found


def test_what_is_joined_is_what_was_compressed() -> None:
    plain = [b"a", b"b" * 10, LARGE[0], b"c", LARGE[1], LARGE[2], b"d" * 40_000, b"e" * 40_000, b""]
    joined = list(PlainPieces().joined([deflate(each) for each in plain]))
    assert b"".join(joined) == b"".join(plain)
    assert len(joined) == 7
    assert max(map(len, joined)) <= 80_000


def test_readers_share_a_piece_that_is_inflated_once(inflated: list[Piece]) -> None:
    pieces = [deflate(each) for each in LARGE]
    plain = PlainPieces()
    readers = [plain.joined(pieces) for _ in range(200)]
    for _ in pieces:
        assert len({id(next(reader)) for reader in readers}) == 1
    assert len(inflated) == len(pieces)


def test_what_is_kept_is_bounded(inflated: list[Piece], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_KEPT", 150_000)
    pieces = [deflate(each) for each in LARGE]
    plain = PlainPieces()
    for _ in range(2):
        assert b"".join(plain.joined(pieces)) == b"".join(LARGE)
    assert len(inflated) == 2 * len(pieces)
    list(plain.joined(pieces[-2:]))
    assert len(inflated) == 2 * len(pieces)


def test_what_nobody_reads_any_more_is_freed(inflated: list[Piece]) -> None:
    now = 0.0
    plain = PlainPieces(lambda: now)
    pieces = [deflate(each) for each in LARGE[:2]]
    list(plain.joined(pieces))
    now = 20.0
    list(plain.joined(pieces[:1]))
    now = 40.0
    plain.forget_unread()
    list(plain.joined(pieces))
    assert inflated == [*pieces, pieces[1]]
