"""Connecting to NATS and signing in."""

from typing import Annotated

from pydantic import Field, model_validator

from obs.spec.model import LocalFile, Model, NatsUrl, wrong
from obs.spec.secret import InFile, InVariable
from obs.spec.tls import Tls


class NatsLogin(Model):
    """How to connect to NATS and sign in."""

    servers: Annotated[tuple[NatsUrl, ...], Field(min_length=1)]
    """Server URLs, nats:// or tls://."""
    user: str | None = None
    """User for authentication."""
    password_file: InFile | None = None
    """File that contains the password."""
    password: InVariable | None = None
    """Password, only as ${VARIABLE}; a literal password is rejected."""
    token_file: InFile | None = None
    """File that contains the token."""
    token: InVariable | None = None
    """Token, only as ${VARIABLE}; a literal token is rejected."""
    credentials_file: LocalFile | None = None
    """A .creds file that contains the user's JWT and seed."""
    nkey_file: InFile | None = None
    """File that contains the user's nkey seed; with jwt_file, the seed that belongs to that JWT."""
    nkey: InVariable | None = None
    """The user's nkey seed, only as ${VARIABLE}; a literal seed is rejected."""
    jwt_file: InFile | None = None
    """File that contains the user's JWT, where it is apart from its seed."""
    jwt: InVariable | None = None
    """The user's JWT, only as ${VARIABLE}; a literal JWT is rejected."""
    tls: Tls | None = None
    """TLS settings (default: tls:// URLs trust the certificate authorities of the system)."""
    tls_first: bool = False
    """Whether TLS begins before the server says anything (its handshake_first)."""

    @property
    def where(self) -> str:
        """The addresses."""
        return ", ".join(self.servers)

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> "NatsLogin":
        for name in ("password", "token", "nkey", "jwt"):
            if getattr(self, name) and getattr(self, f"{name}_file"):
                raise wrong(f"{name} is set as well; keep one of them", f"{name}_file")
        password, token = self.password or self.password_file, self.token or self.token_file
        if self.user and not password:
            raise wrong("user requires a password; add password or password_file", "user")
        if password and not self.user:
            name = "password" if self.password else "password_file"
            raise wrong("a password requires a user; add user", name)
        nkey, jwt = self.nkey or self.nkey_file, self.jwt or self.jwt_file
        if jwt and not nkey:
            name = "jwt" if self.jwt else "jwt_file"
            raise wrong("a JWT requires its seed; add nkey or nkey_file", name)
        ways = {
            "user": self.user,
            "token": token,
            "credentials_file": self.credentials_file,
            "nkey" if self.nkey else "nkey_file": nkey,
        }
        given = [way for way, value in ways.items() if value]
        if len(given) > 1:
            raise wrong(f"{' and '.join(given)} are set; keep one of them")
        return self
