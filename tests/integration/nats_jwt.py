"""Operator, account and user JWTs, as nsc would make them."""

import base64
import hashlib
import json
import os
import time
from dataclasses import dataclass
from typing import Any

import nkeys

UNLIMITED = ("subs", "conn", "data", "payload", "leaf", "imports", "exports")
JETSTREAM = ("mem_storage", "disk_storage", "streams", "consumer")


@dataclass(frozen=True)
class Member:
    """An account's public key, and the credentials of its user."""

    account: str
    credentials: str


@dataclass(frozen=True)
class Operator:
    """What a server in operator mode is configured with, and its accounts with JetStream."""

    config: dict[str, Any]
    members: tuple[Member, ...]

    @property
    def credentials(self) -> str:
        """Those of the first account's user."""
        return self.members[0].credentials


def make_operator(*names: str, allowed: dict[str, Any] | None = None) -> Operator:
    """Accounts with JetStream and one user each, by default one named OMS; and a system account.

    `allowed`: limits of the accounts, as a JWT has them, instead of none.
    """
    operator, system = _key(nkeys.PREFIX_BYTE_OPERATOR), _key(nkeys.PREFIX_BYTE_ACCOUNT)
    accounts = [(_key(nkeys.PREFIX_BYTE_ACCOUNT), name) for name in names or ("OMS",)]
    limits = dict.fromkeys(UNLIMITED, -1) | {"wildcards": True}
    jwts = {
        _public(system): _jwt(operator, system, "SYS", {"type": "account", "limits": limits}),
    } | {
        _public(account): _jwt(
            operator,
            account,
            name,
            {
                "type": "account",
                "limits": limits | (allowed or dict.fromkeys(JETSTREAM, -1)),
            },
        )
        for account, name in accounts
    }
    config = {
        "operator": _jwt(
            operator, operator, "op", {"type": "operator", "system_account": _public(system)}
        ),
        "resolver": "MEMORY",
        "resolver_preload": jwts,
    }
    return Operator(config, tuple(_member(account) for account, _ in accounts))


def _member(account: nkeys.KeyPair) -> Member:
    user = _key(nkeys.PREFIX_BYTE_USER)
    allowed = {"type": "user", "subs": -1, "data": -1, "payload": -1, "pub": {}, "sub": {}}
    user_jwt = _jwt(account, user, "obs", allowed)
    credentials = (
        f"-----BEGIN NATS USER JWT-----\n{user_jwt}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed.decode()}\n------END USER NKEY SEED------\n"
    )
    return Member(_public(account), credentials)


def _key(prefix: int) -> nkeys.KeyPair:
    return nkeys.from_seed(bytearray(nkeys.encode_seed(os.urandom(32), prefix)))


def _public(key: nkeys.KeyPair) -> str:
    return bytes(key.public_key).decode()


def _jwt(issuer: nkeys.KeyPair, subject: nkeys.KeyPair, name: str, nats: dict[str, Any]) -> str:
    claims: dict[str, Any] = {
        "iat": int(time.time()),
        "iss": _public(issuer),
        "name": name,
        "sub": _public(subject),
        "nats": nats | {"version": 2},
    }
    digest = hashlib.sha512(json.dumps(claims).encode()).digest()[:32]
    claims["jti"] = base64.b32encode(digest).decode().rstrip("=")
    signed = f"{_part({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_part(claims)}"
    return f"{signed}.{_text(issuer.sign(signed.encode()))}"


def _part(value: dict[str, Any]) -> str:
    return _text(json.dumps(value).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
