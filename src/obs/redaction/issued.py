"""Tokens that say by how they begin who issued them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Issued:
    """`sign` is the literal text that they contain; `prefix` and `rest` are regular expressions.
    `alone`: nothing else begins so, and whatever follows is redacted, even where it was cut."""

    sign: str
    prefix: str
    rest: str
    alone: bool = False


ISSUED: Final = (
    Issued("gh", "gh[pousr]_", r"[A-Za-z0-9]{36,255}", alone=True),  # GitHub
    Issued("github_pat_", "github_pat_", r"\w{22,255}", alone=True),
    Issued(
        "gl", "gl(?:pat|c|sa)[_-]", r"[\w-]{20,255}", alone=True
    ),  # GitLab, Grafana Cloud, Grafana
    Issued("xox", "xox[abeoprs]-", r"[A-Za-z0-9-]{10,255}", alone=True),  # Slack
    Issued("AIza", "AIza", r"[\w-]{35}", alone=True),  # Google
    Issued("ya29.", r"ya29\.", r"[\w-]{20,512}", alone=True),
    Issued("k_live_", "[rs]k_live_", r"[A-Za-z0-9]{16,255}", alone=True),  # Stripe
    Issued("sk-", "sk-(?:proj-|ant-)?", r"(?=[\w-]{0,200}\d)[\w-]{32,255}"),  # OpenAI, Anthropic
    Issued("SG.", r"SG\.", r"[\w-]{16,64}\.[\w-]{16,64}"),  # SendGrid
    Issued("hvs.", r"hvs\.", r"[\w-]{20,512}", alone=True),  # Vault
    Issued("npm_", "npm_", r"[A-Za-z0-9]{36}"),
    Issued("pypi-AgEI", "pypi-AgEI", r"[\w-]{50,512}", alone=True),
    Issued("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1", r"[A-Z0-9]{50,64}", alone=True),
    Issued("oGZXIvYXdz", "FwoGZXIvYXdz", r"[A-Za-z0-9/+=]{20,4096}"),  # sessions of AWS
    Issued("QoJb3JpZ2lu", "IQoJb3JpZ2lu", r"[A-Za-z0-9/+=]{20,4096}"),
    Issued("S", "S[AUONCX]", r"[A-Z2-7]{56}(?![A-Za-z0-9])"),  # seeds of NATS
    Issued(
        "hooks.slack.com/services/", r"hooks\.slack\.com/services/", r"\w{1,32}/\w{1,32}/\w{1,64}"
    ),
)
