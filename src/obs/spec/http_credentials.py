"""What signs in over HTTP: a login, and headers of one's own."""

from obs.spec.headers import Headers
from obs.spec.http_login import HttpLogin
from obs.spec.plaintext import check_encrypted


class HttpCredentials(HttpLogin, Headers):
    """A login and more headers, which may be secret."""

    def check_unread(self, url: str, field: str) -> None:
        """Raises an error about `field` where what is secret would be sent to `url` in clear text,
        unless that is allowed."""
        self.check_encrypted(url, field)
        if self.has_secret_headers:
            check_encrypted(url, "the headers", self.allow_plaintext, field)
