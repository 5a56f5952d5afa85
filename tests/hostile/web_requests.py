"""Requests that are none, or that no client should send; `hunter2` stands for a secret."""

import random


def malformed_requests() -> list[bytes]:
    """Each is all that one connection sends."""
    dice = random.Random(12)
    secret = b"Authorization: Basic hunter2\r\n"
    head = b"GET /metrics HTTP/1.1\r\nHost: a\r\n" + secret
    bodies = b"Transfer-Encoding: chunked\r\n"
    return [
        *(dice.randbytes(200) for _ in range(40)),
        *(b"GET /metrics HTTP/1.1\r\n" + secret + b"\x00bad\r\n\r\n" for _ in range(40)),
        head + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
        head + b"".join(b"X-%d: a\r\n" % i for i in range(5_000)) + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /metrics\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(40),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + dice.randbytes(500),
        b"GET /metrics HTTP/1.1\r\nHost: a b\x7f\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: [::\r\n\r\n",
        b"GET http://[:: HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT hunter2:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"hunter2 /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\n\r\n",
        head + b"Content-Length: 5\r\n" + bodies + b"\r\n0\r\n\r\nGET /hunter2 HTTP/1.1\r\n\r\n",
        head + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        head + b"Content-Length: -1\r\n\r\n",
        head + b"Content-Length: 99999999999999\r\n\r\n" + b"x" * 100_000,
        head + bodies + b"\r\nzz\r\nhunter2\r\n0\r\n\r\n",
        head + bodies + b"\r\nffffffffffffffff\r\n",
        head + bodies + b"\r\n" + b"1\r\nx\r\n" * 20_000,
        head + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + dice.randbytes(1_000),
        (head + b"\r\n") * 50,
    ]
