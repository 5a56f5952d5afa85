"""Gzip bodies joined from pieces that were compressed at different times.

A piece is raw deflate data (RFC 1951) that starts with an empty window and ends on a byte
boundary, so that any sequence of pieces, an end block and the combined checksum are one gzip
member (RFC 1952).
"""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_LEVEL: Final = 1  # sample lines repeat so much that higher levels save a tenth for four times CPU
_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"  # no name, no time, fastest, any OS
_END_BLOCK: Final = b"\x03\x00"
_POLYNOMIAL: Final = 0xEDB88320  # of CRC-32, bits reflected
_ONE: Final = 1 << 31  # x⁰ in that representation


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Deflated bytes, with the checksum and the size of the plain ones. Equal only to itself.

    `shift` is x^(8·size) modulo the CRC polynomial, for combining checksums.
    """

    data: bytes
    crc: int
    size: int
    shift: int


def deflate(plain: bytes) -> Piece:
    """`plain`, compressed so that it can be joined with other pieces."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = compressor.compress(plain) + compressor.flush(zlib.Z_FULL_FLUSH)
    return Piece(data, zlib.crc32(plain), len(plain), _power_of_x(8 * len(plain)))


def inflate(piece: Piece) -> bytes:
    """The bytes a piece was made from."""
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(piece.data)


def member(pieces: Iterable[Piece]) -> bytes:
    """One gzip member holding the pieces in order."""
    body = [_HEADER]
    crc = size = 0
    for piece in pieces:
        body.append(piece.data)
        crc = _product(piece.shift, crc) ^ piece.crc
        size += piece.size
    body += (_END_BLOCK, struct.pack("<LL", crc, size & 0xFFFFFFFF))
    return b"".join(body)


def _product(a: int, b: int) -> int:
    """a·b modulo the CRC polynomial; the highest bit is x⁰. As in zlib's crc32_combine."""
    product = 0
    while a:
        if a & _ONE:
            product ^= b
        a = a << 1 & 0xFFFFFFFF
        b = b >> 1 ^ (_POLYNOMIAL if b & 1 else 0)
    return product


def _power_of_x(exponent: int) -> int:
    """x^exponent modulo the CRC polynomial, by repeated squaring."""
    power, square = _ONE, _ONE >> 1
    while exponent:
        if exponent & 1:
            power = _product(square, power)
        square = _product(square, square)
        exponent >>= 1
    return power
