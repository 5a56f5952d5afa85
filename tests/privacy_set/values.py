"""Made-up personal data and secrets, in the forms in which people and programs write them.

Nothing here knows the detectors: card numbers get their check digit anew. Forms in HELD_OUT occur
only in the part of the set that nothing is tuned with.
"""

import base64
import json
import string
from collections.abc import Callable
from itertools import pairwise
from random import Random

Make = Callable[[Random], str]
ALNUM = string.ascii_letters + string.digits
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
FIRST = ("jane", "omar", "li", "sofia", "noah", "chloe", "raj", "ingrid", "pavel", "amina", "zoe")
LAST = ("doe", "haddad", "wei", "rossi", "kim", "dubois", "patel", "olsen", "novak", "diallo")
DOMAINS = ("example.com", "mail.example.co.uk", "corp.example.org", "example.io", "x-y.example.de")


def some(r: Random, characters: str, length: int) -> str:
    return "".join(r.choice(characters) for _ in range(length))


def digits(r: Random, length: int) -> str:
    return some(r, string.digits, length)


def of(*forms: str) -> Make:
    """A form: X is any digit, N one from 2 to 9; other characters stay."""

    def make(r: Random) -> str:
        form = r.choice(forms)
        swap = {"X": string.digits, "N": "23456789"}
        return "".join(r.choice(swap[c]) if c in swap else c for c in form)

    return make


def email(r: Random) -> str:
    first, last, host = r.choice(FIRST), r.choice(LAST), r.choice(DOMAINS)
    local = r.choice(
        (
            *(f"{first}.{last}", f"{first}{digits(r, 2)}", f"{first[0]}{last}", f"{first}_{last}"),
            *(f"{first}+orders", f"{first}-{last}", f"{first.title()}.{last.title()}"),
        )
    )
    return f"{local}@{host}"


def email_held(r: Random) -> str:
    first, last = r.choice(FIRST), r.choice(LAST)
    return r.choice(
        (
            *(f"{first.upper()}.{last.upper()}@EXAMPLE.COM", f"o'{last}@example.ie"),
            *(
                f"{first}@münchen.example.de",
                f"{first}.é.{last}@example.fr",
                f"_{first}@example.net",
            ),
            *(
                f"{first}@example.museum",
                f"{first}@{last}.example.photography",
                f"{first}@mail.x.dev",
            ),
            f"{first}{digits(r, 4)}@sub-1.sub-2.example.com",
        )
    )


def ssn(r: Random) -> str:
    area = r.choice([a for a in range(1, 900) if a != 666])
    return f"{area:03}-{r.randint(1, 99):02}-{r.randint(1, 9999):04}"


def ssn_held(r: Random) -> str:
    return ssn(r).replace("-", " ")


def with_check_digit(number: str) -> str:
    total = 0
    for at, digit in enumerate(reversed(number)):
        double = int(digit) * 2 if at % 2 == 0 else int(digit)
        total += double - 9 if double > 9 else double
    return number + str(-total % 10)


def _card(r: Random, issuers: tuple[tuple[str, int], ...]) -> str:
    prefix, length = r.choice(issuers)
    number = with_check_digit(prefix + digits(r, length - len(prefix) - 1))
    shape = r.choice(("plain", " ", "-"))
    if shape == "plain" or length not in (15, 16):
        return number
    cut = (4, 10) if length == 15 else (4, 8, 12)
    ends = (0, *cut, length)
    return shape.join(number[a:b] for a, b in pairwise(ends))


def card(r: Random) -> str:
    return _card(r, (("4", 16), ("51", 16), ("55", 16), ("2223", 16), ("34", 15), ("37", 15)))


def card_held(r: Random) -> str:
    return _card(r, (("4", 13), ("6011", 16), ("65", 16), ("3530", 16), ("36", 14), ("62", 16)))


phone = of(
    *("+1NXXNXXXXXX", "+1 NXX NXX XXXX", "(NXX) NXX-XXXX", "NXX-NXX-XXXX", "NXX.NXX.XXXX"),
    *("1-NXX-NXX-XXXX", "+1 (NXX) NXX-XXXX", "+44 20 7XXX XXXX", "+49 30 XXXXXX", "+4915XXXXXXXXX"),
    *("+33 1 XX XX XX XX", "+91 98XXX XXXXX", "+34 6XX XX XX XX", "+81 3 XXXX XXXX"),
)
phone_held = of(
    *("+44 (0)20 7XXX XXXX", "+55 (11) 9XXXX-XXXX", "0049 30 XXXXXX", "+86 13X XXXX XXXX"),
    *("+31-6-XXXXXXXX", "+61 4 XXXX XXXX", "+353 1 XXX XXXX", "+972-52-XXX-XXXX", "020 7XXX XXXX"),
    *("030 XXXXXXXX", "06 XX XX XX XX", "tel: 0151 XXXXXXXX", "+3726XXXXXX", "NXX/NXX-XXXX"),
)


def ip(r: Random) -> str:
    first = r.choice([n for n in range(1, 224) if n != 127])
    return ".".join(str(n) for n in (first, *(r.randint(0, 254) for _ in range(3))))


def ip_held(r: Random) -> str:
    groups = [f"{r.randint(1, 65535):x}" for _ in range(8)]
    full = ":".join(groups)
    return r.choice(
        (
            *(full, f"2001:db8::{groups[0]}", f"fe80::{groups[1]}:{groups[2]}:{groups[3]}"),
            *(f"2a01:4f8:{groups[4]}::1", f"fd00::{groups[5]}", f"::ffff:{ip(r)}", full.upper()),
        )
    )


def aws_access_key(r: Random) -> str:
    return r.choice(("AKIA", "ASIA")) + some(r, BASE32, 16)


def aws_secret_key(r: Random) -> str:
    return some(r, ALNUM + "/+", 40)


def private_key(r: Random) -> str:
    kind = r.choice(("RSA ", "EC ", "", "OPENSSH "))
    return _pem(r, f"{kind}PRIVATE KEY")


def private_key_held(r: Random) -> str:
    kind = r.choice(("ENCRYPTED PRIVATE KEY", "DSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK"))
    return _pem(r, kind).replace("\n", r.choice(("\n", "\\n")))


def _pem(r: Random, kind: str) -> str:
    body = [some(r, ALNUM + "+/", 64) for _ in range(r.randint(2, 6))]
    return "\n".join((f"-----BEGIN {kind}-----", *body, f"-----END {kind}-----"))


def jwt(r: Random) -> str:
    def part(value: object) -> str:
        raw = json.dumps(value, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    signature = base64.urlsafe_b64encode(r.randbytes(32)).decode().rstrip("=")
    body = {"sub": digits(r, 10), "name": r.choice(FIRST)}
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(body)}.{signature}"


def token(r: Random) -> str:
    return r.choice(
        (
            *(jwt(r), "ghp_" + some(r, ALNUM, 36), "glpat-" + some(r, ALNUM + "_-", 20)),
            *(f"xoxb-{digits(r, 12)}-{some(r, ALNUM, 24)}", "AIza" + some(r, ALNUM + "_-", 35)),
            *("sk_" + "live_" + some(r, ALNUM, 24), "SU" + some(r, BASE32, 56)),
            f"SG.{some(r, ALNUM, 22)}.{some(r, ALNUM + '_-', 43)}",
        )
    )


def token_held(r: Random) -> str:
    """Half of them of issuers that the detectors may not know."""
    return r.choice(
        (
            *(f"github_pat_{some(r, ALNUM + '_', 82)}", "npm_" + some(r, ALNUM, 36), jwt(r)),
            *("hvs." + some(r, ALNUM, 24), f"IQoJb3JpZ2lu{some(r, ALNUM + '/+', 200)}=="),
            *(
                f"{digits(r, 10)}:AA{some(r, ALNUM + '_-', 33)}",
                "key-" + some(r, "0123456789abcdef", 32),
            ),
            *(
                "shpat_" + some(r, "0123456789abcdef", 32),
                "dop_v1_" + some(r, "0123456789abcdef", 64),
            ),
            *("SK" + some(r, "0123456789abcdef", 32), "hf_" + some(r, ALNUM, 34)),
        )
    )


def login(r: Random) -> str:
    return f"{r.choice(FIRST)}:{some(r, ALNUM + '!$*_-.', r.randint(6, 16))}"


def login_held(r: Random) -> str:
    return f"{r.choice(('', 'svc-oms', 'jane%40example'))}:{some(r, ALNUM + '%&^#~', 24)}"


PLAIN: dict[str, Make] = {
    "email": email,
    "ssn": ssn,
    "card": card,
    "phone": phone,
    "ip": ip,
    "aws_access_key": aws_access_key,
    "aws_secret_key": aws_secret_key,
    "private_key": private_key,
    "token": token,
    "url_password": login,
}
HELD_OUT: dict[str, Make] = {
    "email": email_held,
    "ssn": ssn_held,
    "card": card_held,
    "phone": phone_held,
    "ip": ip_held,
    "private_key": private_key_held,
    "token": token_held,
    "url_password": login_held,
}
