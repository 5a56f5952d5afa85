import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from obs.errors import SourceError
from obs.sandbox.aws_emulator import AwsEmulator
from obs.sandbox.aws_events import aws, create_oms
from obs.sandbox.aws_faults import AwsFaults, Fault

pytestmark = pytest.mark.integration


def listening_addresses(pid: int) -> set[str]:
    """Addresses, in hexadecimal, of the TCP sockets the process listens on."""
    files = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            files.append(str(entry.readlink()))
    inodes = {name[8:-1] for name in files if name.startswith("socket:[")}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[9] in inodes}


def test_an_emulator_listens_on_loopback_only_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with AwsEmulator() as emulator:
        pid = emulator.pid
        assert pid is not None
        assert listening_addresses(pid) == {"0100007F"}
        create_oms(emulator.endpoint_url)
        names = [
            rule["Name"]
            for rule in aws("events", emulator.endpoint_url).list_rules(EventBusName="oms-events")[
                "Rules"
            ]
        ]
        assert sorted(names) == ["oms-object-changed", "oms-schema-changed"]
        assert len(list(tmp_path.iterdir())) == 1
    assert not Path(f"/proc/{pid}").exists()
    assert list(tmp_path.iterdir()) == []


def test_an_emulator_whose_port_is_taken_says_so_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with AwsFaults("http://127.0.0.1:1") as taken:
        port = int(taken.endpoint_url.rpartition(":")[2])
        taken.start_fault(Fault.UNAVAILABLE)
        with pytest.raises(SourceError, match="did not start"):
            AwsEmulator(port).start()
    assert list(tmp_path.iterdir()) == []


def test_a_fault_hits_only_its_operation_and_only_as_often_as_configured() -> None:
    with AwsFaults("http://127.0.0.1:1") as faults:
        faults.start_fault(Fault.RUBBISH)
        faults.start_fault(Fault.UNAVAILABLE, "ListRules", times=1)

        def answer(operation: str) -> int:
            request = urllib.request.Request(
                faults.endpoint_url, b"{}", {"X-Amz-Target": f"AWSEvents.{operation}"}
            )
            try:
                with urllib.request.urlopen(request, timeout=5) as response:
                    return int(response.status)
            except urllib.error.HTTPError as error:
                return error.code

        assert [answer(name) for name in ("ListRules", "ListRules", "PutRule")] == [503, 200, 200]
        assert faults.seen == {"ListRules": 2, "PutRule": 1}
        faults.refuse()
        with pytest.raises(OSError, match="refused"):
            answer("ListRules")
        faults.stop_faults()
        faults.start_fault(Fault.RUBBISH)
        assert answer("ListRules") == 200
