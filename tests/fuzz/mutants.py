"""Samples made wrong: what hypothesis draws, and bodies that are meant to cost memory."""

import re
from typing import Final

from hypothesis import strategies as st

_MOST_CHANGES: Final = 4
_LONGEST_SEED: Final = 60_000  # bytes
_TOKEN: Final = re.compile(rb'"[^"\n]{0,80}"|-?\d[\d.eE+-]*|\w+|\S')
ODD: Final = (
    *(b"", b"null", b"true", b"-1", b"0", b"1e999", b"NaN", b"9" * 400, b"18446744073709551616"),
    *(
        b"1.5",
        b"[]",
        b"{}",
        b'""',
        b'"',
        b"[[[[",
        b"}",
        b",",
        b":",
        b"\0",
        b"\xff",
        b"\xed\xa0\x80",
    ),
    *(
        b'"\\ud800"',
        b'"\\u0000"',
        b"\r\n",
        b"\r\n\r\n",
        b"\x1b[31m",
        b"&a",
        b"*a",
        b"<<: ",
        b"!!x ",
    ),
    *(b"<", b"&#0;", b"%00", b"%", b"9999-12-31T23:59:59Z", b"0000-00-00", "é𝄞\u202e".encode()),
    *(b"(" * 200, b"[" * 3000, b"{a: " * 200, b"a" * 3000, b"2 " * 200),
)


def mutants(seeds: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    """Samples in which some tokens are cut, doubled, exchanged or odd; and bytes of any kind."""
    short = [seed for seed in seeds if len(seed) <= _LONGEST_SEED]
    return st.one_of(_mutated(short), _mutated(short), _mutated(short), st.binary(max_size=200))


@st.composite
def _mutated(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    body = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, _MOST_CHANGES))):
        body = _changed(draw, body)
    return body


def _changed(draw: st.DrawFn, body: bytes) -> bytes:
    spans = [found.span() for found in _TOKEN.finditer(body)] or [(0, len(body))]
    begin, end = draw(st.sampled_from(spans))
    match draw(st.integers(0, 5)):
        case 0:  # half a page
            return body[:begin]
        case 1:  # missing
            return body[:begin] + body[end:]
        case 2:  # twice
            return body[:end] + body[begin:end] + body[end:]
        case 3:  # exchanged for another one of it
            other = draw(st.sampled_from(spans))
            return body[:begin] + body[slice(*other)] + body[end:]
        case 4:  # some other byte
            return body[:begin] + draw(st.binary(min_size=1, max_size=2)) + body[begin + 1 :]
        case _:
            return body[:begin] + draw(st.sampled_from(ODD)) + body[end:]


def bombs(size: int) -> dict[str, bytes]:
    """Small bodies, of about `size` bytes, that cost a careless reader much memory or time."""
    anchors = b"".join(
        b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)
    )
    entity = b'<!DOCTYPE a [<!ENTITY b "%s">]><a>%s</a>'
    return {
        "nested lists": b"[" * size,
        "nested objects": b'{"a":' * (size // 5),
        "nested in an unknown field": b'{"unknown":' + b"[" * size + b"]" * size + b"}",
        "nested elements": b"<a>" * (size // 3),
        "entities of XML": entity % (b"x" * (size // 2), b"&b;" * (size // 6)),
        "anchors of YAML": b"a0: &a0 [x, x]\n" + anchors,
        "many values": b"[" + b"{}," * (size // 3) + b"{}]",
        "a long number": b"[" + b"9" * size + b"]",
        "a long text": b'{"name": "' + b"a" * size + b'"}',
        "backslashes": b'"' + b"\\" * size,
        "blanks": b" \t" * (size // 2),
        "line ends": b"\r\n" * (size // 2),
        "digits": b"1 " * (size // 2),
        "signs": b"@." * (size // 2),
    }
