"""Tokens that say by how they begin who issued them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Issued:
    """`sign` is the literal text that they contain; `prefix` and `rest` are regular expressions."""

    sign: str
    prefix: str
    rest: str


ISSUED: Final = (
    Issued("gh", "gh[pousr]_", r"[A-Za-z0-9]{36,255}"),  # GitHub
    Issued("github_pat_", "github_pat_", r"\w{22,255}"),
    Issued("gl", "gl(?:pat|c|sa)[_-]", r"[\w-]{20,255}"),  # GitLab, Grafana Cloud, Grafana
    Issued("xox", "xox[abeoprs]-", r"[A-Za-z0-9-]{10,255}"),  # Slack
    Issued("AIza", "AIza", r"[\w-]{35}"),  # Google
    Issued("ya29.", r"ya29\.", r"[\w-]{20,512}"),
    Issued("k_live_", "[rs]k_live_", r"[A-Za-z0-9]{16,255}"),  # Stripe
    Issued("sk-", "sk-(?:proj-|ant-)?", r"(?=[\w-]{0,200}\d)[\w-]{32,255}"),  # OpenAI, Anthropic
    Issued("SG.", r"SG\.", r"[\w-]{16,64}\.[\w-]{16,64}"),  # SendGrid
    Issued("hvs.", r"hvs\.", r"[\w-]{20,512}"),  # Vault
    Issued("npm_", "npm_", r"[A-Za-z0-9]{36}"),
    Issued("pypi-AgEI", "pypi-AgEI", r"[\w-]{50,512}"),
    Issued("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1", r"[A-Z0-9]{50,64}"),
    Issued("oGZXIvYXdz", "FwoGZXIvYXdz", r"[A-Za-z0-9/+=]{20,4096}"),  # sessions of AWS
    Issued("QoJb3JpZ2lu", "IQoJb3JpZ2lu", r"[A-Za-z0-9/+=]{20,4096}"),
    Issued("S", "S[AUONCX]", r"[A-Z2-7]{56}(?![A-Za-z0-9])"),  # seeds of NATS
    Issued(
        "hooks.slack.com/services/", r"hooks\.slack\.com/services/", r"\w{1,32}/\w{1,32}/\w{1,64}"
    ),
)
