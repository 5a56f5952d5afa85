"""Personal data and secrets kept out of what is published and logged.

Ten patterns and the names of fields (`detectors`, `names`), what becomes of what they find
(`Privacy`), and the same for log records (`PrivacyFilter`). Nothing here sends or prints anything.
"""

from obs.privacy.masking import masked

__all__ = ["masked"]
