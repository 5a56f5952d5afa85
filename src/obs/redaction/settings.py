"""Secrets in the configuration of another system, which may be its owner's."""

import re
from typing import Final

from obs.redaction.address import shown_address
from obs.redaction.known import REDACTED

_SETTING: Final = re.compile(r"([-+ ]?\s*(?:- )?[\"']?([\w.-]+)[\"']?:\s+)([\"']?)([^\s\"'].*)")
_SECRET: Final = re.compile(
    r"(?i)(?:password|passwd|secret|token|credentials?|(?:api|routing|service|user|access|private"
    r"|secret|auth)_?key|signature)$"
)
_ADDRESS: Final = re.compile(r"(?i)(?:^|[_a-z])ur[li]$")


def without_settings(line: str) -> str:
    """A line of YAML or JSON, or of a difference of them, without the value of a secret setting.

    An address is shown without what may be a token.
    """
    match = _SETTING.fullmatch(line)
    if match is None:
        return line
    before, name, quote, value = match.groups()
    if _SECRET.search(name) and value not in ("|", "null", "{}", "<secret>"):
        return f"{before}{REDACTED}"
    if _ADDRESS.search(name) and "://" in value:
        address = value.rstrip("\"',")
        return f"{before}{quote}{shown_address(address)}{value[len(address) :]}"
    return line
