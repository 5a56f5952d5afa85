import gzip
import subprocess
import zlib

from hypothesis import given
from hypothesis import strategies as st

from obs.sinks.gzip_stream import deflate, inflate, member

plains = st.lists(st.binary(max_size=2000), max_size=8)


@given(plains)
def test_pieces_in_any_order_are_one_gzip_member(plain: list[bytes]) -> None:
    pieces = [deflate(each) for each in plain]
    decompressor = zlib.decompressobj(wbits=31)
    for order in (pieces, pieces[::-1]):
        expected = b"".join(map(inflate, order))
        assert gzip.decompress(member(order)) == expected
    assert decompressor.decompress(member(pieces)) == b"".join(plain)
    assert decompressor.eof
    assert decompressor.unused_data == b""


@given(st.binary(max_size=5000))
def test_a_piece_unpacks_to_what_it_was_made_from(plain: bytes) -> None:
    assert inflate(deflate(plain)) == plain


def test_a_piece_may_be_used_more_than_once() -> None:
    piece = deflate(b"again " * 1000)
    assert gzip.decompress(member([piece, piece])) == b"again " * 2000


def test_an_empty_member_is_valid() -> None:
    assert gzip.decompress(member([])) == b""


def test_gzip_itself_accepts_large_members() -> None:
    plain = [b"%d " % n * 200_000 for n in range(5)]
    body = member(map(deflate, plain))
    unpacked = subprocess.run(["gzip", "-dc"], input=body, capture_output=True, check=True)
    assert unpacked.stdout == b"".join(plain)
    assert unpacked.stderr == b""
