"""The pages about migration have the tables that are declared in code, and all of them."""

from collections import Counter

import pytest

from obs.catalogue import BY_NAME
from obs.families.peers.nats_exporter import JETSTREAM
from obs.families.peers.nats_exporter import TABLES as PEER_TABLES
from obs.imports.exporters import cloudwatch_exporter, nats_exporter, nats_surveyor, yace
from tests.bench.compat_differences import DIFFERENCES, difference
from tests.bench.exporter_names import names
from tests.bench.migration import FOLDER, KEPT, TABLES, marks, with_tables

PAGES = sorted(FOLDER.glob("*.md"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_has_the_tables_as_they_are_declared(path) -> None:  # type: ignore[no-untyped-def]
    """`python -m tests.bench.migration` mends it."""
    text = path.read_text(encoding="utf-8")
    assert text == with_tables(text)


def test_each_table_is_on_one_page() -> None:
    found = Counter(mark for path in PAGES for mark in marks(path.read_text(encoding="utf-8")))
    assert found == Counter([*TABLES, KEPT])


def test_each_name_that_compat_serves_has_a_name_of_ours_or_a_reason() -> None:
    told = {each.name for each in names() if each.peer == "exporter"}
    served = {f"{JETSTREAM}_{row.name}" for table in PEER_TABLES.values() for row in table.rows}
    assert sorted(served - told) == []


def test_no_name_that_compat_serves_is_one_of_ours_whatever_its_prefix() -> None:
    served = {f"nats_{row.name}" for table in PEER_TABLES.values() for row in table.rows}
    assert served & BY_NAME.keys() == set()


def test_the_first_reason_that_fits_is_the_one_that_counts() -> None:
    assert difference("gnatsd_varz_cpu") is DIFFERENCES[2]
    assert difference("gnatsd_varz_cores") is None


@pytest.mark.parametrize("table", [nats_exporter.FLAGS, nats_surveyor.FLAGS])
def test_no_flag_is_declared_twice(table) -> None:  # type: ignore[no-untyped-def]
    found = Counter(name for flag in table for name in flag.names)
    assert [name for name, number in found.items() if number > 1] == []


@pytest.mark.parametrize(
    ("namespace", "metric", "statistic", "by_yace", "by_exporter"),
    [
        ("AWS/SQS", "NumberOfMessagesSent", "Sum", "aws_sqs_number_of_messages_sent_sum", ""),
        ("AWS/EC2", "CPUUtilization", "Maximum", "aws_ec2_cpuutilization_maximum", ""),
        ("AWS/ELB", "HTTPCode_ELB_5XX", "p99.9", "aws_elb_httpcode_elb_5_xx_p99_9", None),
        ("Glue", "glue.driver.jvm", "Average", "aws_glue_driver_jvm_average", None),
    ],
)
def test_exporters_call_a_metric_so(
    namespace: str, metric: str, statistic: str, by_yace: str, by_exporter: str | None
) -> None:
    assert yace.exporter_name(namespace, metric, statistic) == by_yace
    if by_exporter is not None:
        theirs = cloudwatch_exporter.exporter_name(namespace, metric, statistic)
        assert theirs == (by_exporter or by_yace)
