"""Values that must appear nowhere, one of each kind."""

from typing import Any, Final

SECRET_KEY: Final = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
PLANTED: Final = {
    "email": "jane.doe@example.com",
    "ssn": "123-45-6789",
    "phone": "+1 415 555 0123",
    "card": "4111 1111 1111 1111",
    "ip": "203.0.113.77",
    "aws_access_key": "AKIAIOSFODNN7EXAMPLE",
    "aws_secret_key": SECRET_KEY,
    "private_key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----",
    "token": "ghp_" + "a1B2" * 9,
    "url_password": "obs:hunter2hunter2",
}
TELLING: Final = (
    "jane.doe",
    "45-6789",
    "555 0123",
    "1111 11",
    "111111",
    "203.0.",
    "AKIA",
    "wJal",
    "MIIE",
)
"""Parts of the values: none may be left either."""
_TELLING_TOO: Final = ("ghp_", "hunter2", "opensesame", "Doe-Roe")


def leaked(text: str) -> list[str]:
    """The planted values, and parts of them, that are in a text."""
    return [part for part in (*TELLING, *_TELLING_TOO) if part in text]


def in_words(kind: str) -> str:
    """A sentence with the value of a kind."""
    value = PLANTED[kind]
    return f"see nats://{value}@nats:4222 now" if kind == "url_password" else f"see {value} now"


def event() -> dict[str, Any]:
    """A CloudEvent with one of each kind, and fields that only their names give away."""
    return {
        "specversion": "1.0",
        "id": "550e8400-e29b-41d4-a716-446655440000",
        "type": "oms.object.changed",
        "data": {
            "texts": [in_words(kind) for kind in PLANTED],
            "password": "opensesame",
            "customer": {"lastName": "Doe-Roe", "ssn": 123456789},
            "card": 4111111111111111,
            PLANTED["email"]: {"orders": 3, "rate": 0.5, "active": True, "left": None},
        },
    }
