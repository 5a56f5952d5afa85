"""AWS regions and their partitions, from the data of botocore where the aws extra is installed.

Otherwise any name of the form of a region is taken, and how it begins tells the partition.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator

from obs.spec.model import Matching, wrong
from obs.spec.report import did_you_mean

_FORM: Final = Matching(
    r"^[a-z]{2,8}(-[a-z]+)+-[0-9]{1,2}$", "an AWS region, for example us-east-1"
)
_BEGINNINGS: Final = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
)
_USUAL: Final = "aws"


@dataclass(frozen=True, slots=True)
class _Partition:
    name: str
    regions: frozenset[str]
    pattern: re.Pattern[str]

    def has(self, region: str) -> bool:
        """Whether the region is in it, be it a new one."""
        return region in self.regions or bool(self.pattern.search(region))


def partition(region: str) -> str:
    """The partition of a region, as in ARNs: `aws`, `aws-cn`."""
    for each in _partitions():
        if each.has(region):
            return each.name
    return next((name for start, name in _BEGINNINGS if region.startswith(start)), _USUAL)


def _known(region: str) -> str:
    """The region. Raises an error from `wrong` where botocore is installed and knows none such."""
    partitions = _partitions()
    if not partitions or any(each.has(region) for each in partitions):
        return region
    names = {name for each in partitions for name in each.regions}
    advice = did_you_mean(region, names) or "; upgrade botocore if the region is new"
    raise wrong(f"{region!r} is not a region that the installed botocore knows{advice}")


Region = Annotated[str, _FORM, AfterValidator(_known)]
"""The name of an AWS region."""


@cache
def _partitions() -> tuple[_Partition, ...]:
    """The partitions of AWS; none where botocore is not installed, which is not imported for it."""
    library = find_spec("botocore")
    if library is None or library.origin is None:
        return ()
    data = Path(library.origin).parent / "data/partitions.json"
    if not data.is_file():
        return ()
    found: list[dict[str, Any]] = json.loads(data.read_text(encoding="utf-8"))["partitions"]
    return tuple(
        _Partition(each["id"], frozenset(each["regions"]), re.compile(each["regionRegex"]))
        for each in found
    )
