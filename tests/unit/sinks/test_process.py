from pathlib import Path

from obs.catalogue import BY_NAME
from obs.sinks.process import ProcessMetrics


def test_the_process_and_its_python_are_described() -> None:
    families = {family.metric.name: family for family in ProcessMetrics().families()}
    assert families["process_resident_memory_bytes"].values[0] > 1_000_000  # type: ignore[operator]
    assert families["process_cpu_seconds_total"].metric.kind == "counter"
    assert families["python_info"].metric.kind == "info"
    assert families["python_gc_collections_total"].rows.values == (("0",), ("1",), ("2",))


def test_rows_stay_the_same_objects() -> None:
    process = ProcessMetrics()
    before, after = process.families(), process.families()
    pairs = zip(before, after, strict=True)
    assert [(old, new) for old, new in pairs if old.rows is not new.rows] == []


def test_no_name_is_the_catalogue_s() -> None:
    assert not {family.metric.name for family in ProcessMetrics().families()} & set(BY_NAME)


def test_without_proc_only_python_is_described(tmp_path: Path) -> None:
    names = {family.metric.name for family in ProcessMetrics(proc=str(tmp_path)).families()}
    assert "python_info" in names
    assert [name for name in names if name.startswith("process_")] == []
