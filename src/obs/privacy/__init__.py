"""Personal data and secrets kept out of what is published and logged.

Ten patterns and the names of fields (`detectors`, `names`), what becomes of what they find
(`Privacy`), and the same for log records (`PrivacyFilter`). Nothing here sends or prints anything.
"""

from obs.privacy.finding import Finding, PersonalDataFound
from obs.privacy.from_spec import from_spec
from obs.privacy.keys import Key, key_from_environment, key_from_file, key_from_kms
from obs.privacy.logs import PrivacyFilter
from obs.privacy.masking import masked
from obs.privacy.policy import BY_ENVIRONMENT, Privacy, Strategy
from obs.privacy.rules import Rules

__all__ = [
    "BY_ENVIRONMENT",
    "Finding",
    "Key",
    "PersonalDataFound",
    "Privacy",
    "PrivacyFilter",
    "Rules",
    "Strategy",
    "from_spec",
    "key_from_environment",
    "key_from_file",
    "key_from_kms",
    "masked",
]
