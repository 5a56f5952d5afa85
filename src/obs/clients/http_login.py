"""The header that signs a request in. Secrets are read for each request: they may change."""

import base64

from obs.errors import BadInput
from obs.redaction.known import KNOWN
from obs.spec.http_login import HttpLogin
from obs.spec.secret import FileSecret, VariableSecret


def authorization(login: HttpLogin) -> dict[str, str]:
    """The header; none where the login is empty. Raises BadInput where a secret cannot be read."""
    token = revealed(login.token or login.token_file)
    password = revealed(login.password or login.password_file)
    if token:
        return {"Authorization": f"Bearer {token}"}
    if password:
        user = login.user or ""
        KNOWN.add_login(user, password)
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {}


def revealed(secret: VariableSecret | FileSecret | None) -> str:
    """The secret. Raises BadInput where it cannot be sent in a header."""
    if secret is None:
        return ""
    value = secret.reveal()
    if not (value.isascii() and value.isprintable()):
        origin = secret.file if isinstance(secret, FileSecret) else secret.variable
        raise BadInput(f"{origin}: this secret cannot be sent in a header; is it a single line?")
    return value
