"""Credentials for HTTP: a user and a password, or a bearer token."""

from pydantic import model_validator

from obs.spec.model import Model, wrong
from obs.spec.plaintext import check_encrypted
from obs.spec.secret import InFile, InVariable


class HttpLogin(Model):
    """How to sign in over HTTP."""

    token: InVariable | None = None
    """Bearer token, only as ${VARIABLE}; a literal token is rejected."""
    token_file: InFile | None = None
    """File that contains the bearer token."""
    user: str | None = None
    """User for basic authentication."""
    password: InVariable | None = None
    """Password, only as ${VARIABLE}; a literal password is rejected."""
    password_file: InFile | None = None
    """File that contains the password."""
    allow_plaintext: bool = False
    """Whether credentials may be sent unencrypted, to an http:// URL of another machine."""

    def check_encrypted(self, url: str, field: str = "url") -> None:
        """Raises an error about `field` where these credentials would be sent to `url` in clear
        text, unless that is allowed."""
        if self.user or self.token or self.token_file:
            what = "the password" if self.user else "the token"
            check_encrypted(url, what, self.allow_plaintext, field)

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> "HttpLogin":
        for name in ("token", "password"):
            if getattr(self, name) and getattr(self, f"{name}_file"):
                raise wrong(f"{name} is set as well; keep one of them", f"{name}_file")
        password = self.password or self.password_file
        if (self.user is None) != (password is None):
            raise wrong(
                "user and password must be given together", "user" if self.user else "password"
            )
        if self.user and (self.token or self.token_file):
            raise wrong("user and token are both set; keep one of them")
        return self
