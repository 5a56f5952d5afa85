"""The headers that the spec wants sent. Secrets are read for each request: they may change."""

from obs.clients.header_file import read_headers
from obs.clients.http_login import authorization, revealed
from obs.redaction.header import remember_header
from obs.spec.http_credentials import HttpCredentials


def sent_headers(reached: HttpCredentials) -> dict[str, str]:
    """Its credentials and its own headers, by name in lower case.

    Raises BadInput, or SourceError(auth), where a secret cannot be read.
    """
    found = {name.lower(): value for name, value in reached.headers.items()}
    for name, secret in reached.secret_headers.items():
        found[name.lower()] = revealed(secret)
        remember_header(name.lower(), found[name.lower()])
    found |= read_headers(reached.headers_file)
    login = {name.lower(): value for name, value in authorization(reached).items()}
    return found | login
