"""What only looks like personal data or a secret."""

import base64
import string
from random import Random

from tests.privacy_set.values import ALNUM, FIRST, Make, digits, of, some

HEX = "0123456789abcdef"


def uuid(r: Random) -> str:
    text = some(r, HEX, 32)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def version(r: Random) -> str:
    four = ".".join(str(r.randint(0, 30)) for _ in range(4))
    agent = f"Mozilla/5.0 Chrome/{r.randint(90, 130)}.0.{r.randint(1000, 6999)}.{r.randint(1, 200)}"
    return r.choice((f"v{four}", f"version {four}", f"version={four}", agent, f"firmware: {four}"))


def moment(r: Random) -> str:
    day = f"20{r.randint(10, 29)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"
    clock = f"{r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.randint(0, 59):02}"
    return r.choice(
        (
            *(f"{day}T{clock}Z", f"{day} {clock},123", f"{day}T{clock}+02:00", f"{day}{clock[:2]}"),
            *(
                f"17{digits(r, 8)}",
                f"17{digits(r, 11)}",
                f"17{digits(r, 17)}",
                f"17{digits(r, 14)}",
            ),
        )
    )


def digest(r: Random) -> str:
    return r.choice(
        (
            *(some(r, HEX, 40), some(r, HEX, 64), some(r, HEX, 32), some(r, HEX, 16)),
            *(f"sha256:{some(r, HEX, 64)}", base64.b64encode(r.randbytes(20)).decode()),
            *(
                base64.b64encode(r.randbytes(32)).decode(),
                ":".join(some(r, HEX, 2) for _ in range(6)),
            ),
            ":".join(some(r, HEX, 2).upper() for _ in range(20)),
        )
    )


def identifier(r: Random) -> str:
    return r.choice(
        (
            *(f"order {digits(r, 16)}", f"order-{digits(r, 10)}", f"INV-2026-{digits(r, 6)}"),
            *(f"arn:aws:sqs:us-east-1:{digits(r, 12)}:oms-dlq", f"i-0{some(r, HEX, 16)}"),
            *(
                f"{digits(r, 18)}",
                f"1Z{some(r, ALNUM.upper(), 16)}",
                f"{digits(r, 5)}-{digits(r, 4)}",
            ),
            *(f"{digits(r, 2)}-{digits(r, 7)}", some(r, "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 26)),
            f"seq {digits(r, 9)}",
        )
    )


def address_like(r: Random) -> str:
    return r.choice(
        (
            *(
                "git@github.com:example/oms.git",
                "@every 5m",
                "postgres:16@sha256:0f0a",
                "user@host",
            ),
            *(f"icon@{r.randint(2, 3)}x.png", f"@scope/pkg@{r.randint(1, 9)}.2.3", "std::vector"),
            *(
                "127.0.0.1:9464",
                "0.0.0.0",
                "::1",
                "255.255.255.0",
                "x[1::2]",
                "a::b::c",
                "12:34:56",
            ),
            *("https://example.com:8443/a@b", "nats://nats:4222", "s3://bucket/key", "@property"),
        )
    )


def credential_like(r: Random) -> str:
    camel = "".join(r.choice(FIRST).title() for _ in range(12))[:40]
    return r.choice(
        (
            *("Bearer token required", "basic authentication failed", "AKIA is a prefix", camel),
            *(
                "postgres://${USER}:${PASSWORD}@db/oms",
                "redis://:{{ password }}@cache",
                "eyJhbGciOiJ9",
            ),
            *(
                "-----BEGIN CERTIFICATE-----",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
                "ghp_xxx",
                "a" * 40,
            ),
            *("src/obs/alerts/writers/cloudwatch/alarms", "password: ****", "token_count=512"),
            some(r, string.ascii_uppercase, 40),
        )
    )


numbers = of(
    *("$X,XXX.XX", "XX.XX %", "XXXX of XXXX", "200 XX XXXX 12", "[XX, XXX, XXXX]", "4.XXe-9"),
    *(
        "100-200-3000",
        "+XX",
        "-X.XX",
        "XX x XX",
        "XXX-XXX",
        "0.4111111111111111",
        "52.XXXX, 13.XXXX",
    ),
)
PLAIN: tuple[Make, ...] = (
    *(uuid, version, moment, digest, identifier, address_like, credential_like, numbers),
)


def isbn(r: Random) -> str:
    return f"ISBN 978-{digits(r, 1)}-{digits(r, 4)}-{digits(r, 4)}-{digits(r, 1)}"


def coordinates(r: Random) -> str:
    return f"{r.randint(-89, 89)}.{digits(r, 6)},{r.randint(-179, 179)}.{digits(r, 6)}"


def log_numbers(r: Random) -> str:
    status = r.choice((200, 404))
    return f'"GET /orders HTTP/1.1" {status} {digits(r, 2)} {digits(r, 4)} {digits(r, 3)}'


def message_id(r: Random) -> str:
    return f"<{some(r, HEX, 12)}.{digits(r, 6)}@mta{r.randint(1, 9)}.example.net>"


def long_number(r: Random) -> str:
    return r.choice(
        (
            *(f"tracking {digits(r, 15)}", f"offset={digits(r, 16)}", f"imei {digits(r, 15)}"),
            *(
                f"isin US{digits(r, 10)}",
                f"{digits(r, 3)}.{digits(r, 3)}.{digits(r, 3)},{digits(r, 2)}",
            ),
        )
    )


def build(r: Random) -> str:
    four = ".".join(str(r.randint(1, 200)) for _ in range(4))
    return r.choice(
        (
            *(
                f"oms-{four}.jar",
                f"Windows 10.0.{digits(r, 5)}.{digits(r, 3)}",
                f"OID 1.3.6.1.{four}",
            ),
            *(f"upgraded to {four}", f"section {four}", f"release {four}", f"package foo={four}-1"),
        )
    )


def random_words(r: Random) -> str:
    return r.choice(
        (
            *(
                f"nonce {some(r, ALNUM, 22)}",
                f"etag {some(r, HEX, 32)}-12",
                f"cid {some(r, ALNUM, 27)}",
            ),
            *(f"cursor={base64.b64encode(r.randbytes(30)).decode()}", some(r, ALNUM, 40)),
            f"data:image/png;base64,{base64.b64encode(r.randbytes(60)).decode()}",
        )
    )


HELD_OUT: tuple[Make, ...] = (
    *(isbn, coordinates, log_numbers, message_id, long_number, build, random_words),
)
