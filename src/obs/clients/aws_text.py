"""What AWS, or what answers in its place, says: cut to a line that shows no credentials."""

import re
from typing import Final

_QUOTED: Final = 200  # characters
_ESCAPE: Final = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?")
_SECRET: Final = re.compile(
    r"(?:AKIA|ASIA)[A-Z0-9]{8,}"  # access keys
    r"|\beyJ[\w-]{8,}(?:\.[\w-]+)*"  # JSON web tokens
    r"|\b[0-9a-f]{40,}\b"  # signatures
    r"|(?=[A-Za-z+/]*[0-9])(?=[0-9A-Z+/]*[a-z])(?=[0-9a-z+/]*[A-Z])[A-Za-z0-9+/=]{32,}"  # base64
    r"|(?i:\b(?:authorization|signature|credential|signedheaders|x-amz-security-token"
    r"|sessiontoken|secretaccesskey|accesskeyid)\b[\"']?\s*[:=]).*"
)


def one_line(text: object, secrets: tuple[str, ...] = ()) -> str:
    """What another system says, cut to a line without control characters and credentials."""
    # Cut twice: searching megabytes takes long, and a secret must not be cut in two.
    said = str(text)[: 10 * _QUOTED]
    for secret in secrets:
        said = said.replace(secret, "[redacted]")
    said = _ESCAPE.sub(" ", said)
    said = "".join(each if each.isprintable() else " " for each in said)
    return _SECRET.sub("[redacted]", " ".join(said.split()))[:_QUOTED].strip()


def shows_secret(text: str) -> bool:
    """Whether something in it looks like credentials."""
    return _SECRET.search(text) is not None
