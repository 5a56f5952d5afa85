"""AWS regions and partitions, with botocore's data and without it."""

from collections.abc import Iterator
from importlib.machinery import ModuleSpec

import pytest
from botocore.loaders import Loader
from pydantic import TypeAdapter, ValidationError

from obs.iam.arns import ArnPlace
from obs.spec import regions
from obs.spec.regions import Region, partition

REGION: TypeAdapter[str] = TypeAdapter(Region)
PARTITIONS = [
    (region, each["id"])
    for each in Loader().load_data("partitions")["partitions"]
    for region in each["regions"]
    if not region.endswith("-global")
]


@pytest.fixture
def without_botocore(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def nowhere(name: str) -> ModuleSpec | None:
        return None

    regions._partitions.cache_clear()
    monkeypatch.setattr(regions, "find_spec", nowhere)
    yield
    regions._partitions.cache_clear()


@pytest.mark.parametrize(("region", "name"), PARTITIONS)
def test_every_region_of_botocore_is_accepted_and_in_its_partition(region: str, name: str) -> None:
    assert REGION.validate_python(region) == region
    assert partition(region) == name


@pytest.mark.parametrize(("region", "name"), PARTITIONS)
def test_without_botocore_the_same_regions_are_accepted_and_in_the_same_partition(
    region: str, name: str, without_botocore: None
) -> None:
    assert REGION.validate_python(region) == region
    assert partition(region) == name


def test_the_data_of_botocore_is_found() -> None:
    assert {each.name for each in regions._partitions()} == {name for _, name in PARTITIONS}


def test_a_region_that_botocore_does_not_know_is_refused_with_the_near_one() -> None:
    with pytest.raises(ValidationError, match="did you mean eusc-de-east-1"):
        REGION.validate_python("eusc-d-east-1")
    with pytest.raises(ValidationError, match="upgrade botocore if the region is new"):
        REGION.validate_python("xx-nowhere-1")


def test_without_botocore_what_looks_like_a_region_is_one(without_botocore: None) -> None:
    assert REGION.validate_python("xx-nowhere-1") == "xx-nowhere-1"
    with pytest.raises(ValidationError, match="write an AWS region"):
        REGION.validate_python("europe")


def test_a_new_region_of_a_known_partition_is_in_it() -> None:
    assert REGION.validate_python("us-isob-south-9") == "us-isob-south-9"
    assert partition("us-isob-south-9") == "aws-iso-b"
    arn = ArnPlace("us-isob-south-9").arn("sqs", "dlq")
    assert arn == "arn:aws-iso-b:sqs:us-isob-south-9:*:dlq"
