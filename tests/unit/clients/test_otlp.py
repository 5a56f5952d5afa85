from pathlib import Path

import pytest

from obs.clients.header_file import read_headers
from obs.errors import SourceError


def test_headers_are_read_with_names_in_lower_case(tmp_path: Path) -> None:
    file = tmp_path / "headers"
    file.write_text("# of the gateway\n\nAuthorization: Basic abc:def==\nX-Scope-OrgID:  7 \n")
    assert read_headers(str(file)) == {"authorization": "Basic abc:def==", "x-scope-orgid": "7"}


def test_no_file_means_no_headers() -> None:
    assert read_headers(None) == {}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="gone: cannot be read: No such file") as raised:
        read_headers(str(tmp_path / "gone"))
    assert raised.value.reason == "auth"


@pytest.mark.parametrize("line", ["hunter2", ": hunter2", "tokén: hunter2", "token: hunter2é"])
def test_a_wrong_line_is_named_by_its_number_and_never_quoted(tmp_path: Path, line: str) -> None:
    file = tmp_path / "headers"
    file.write_text(f"a: b\n{line}\n")
    with pytest.raises(SourceError, match=r"headers:2: not a header") as raised:
        read_headers(str(file))
    assert "hunter2" not in str(raised.value)
