"""Files that people and other programs write: spec, web configuration, dashboards, state."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from obs.dashboard_lint.lint import lint
from obs.dashboard_lint.read import read as read_dashboards
from obs.dashboard_lint.subject import Knowledge
from obs.errors import BadInput
from obs.imports.formats import FORMATS, import_files
from obs.imports.imported import Options
from obs.spec.load import load
from obs.state import FILE_NAME, State, open_state
from obs.state_copy import copied_state
from obs.state_export import exported, take
from obs.web.config import read as read_web_config

_MEMORY: Final = "/dev/shm"  # the state file is synced to where it is


@contextmanager
def _written(data: bytes, name: str) -> Iterator[Path]:
    folder = _MEMORY if Path(_MEMORY).is_dir() else None
    with tempfile.TemporaryDirectory(prefix="obs-fuzz-", dir=folder) as inside:
        file = Path(inside) / name
        file.write_bytes(data)
        yield file


def spec(data: bytes) -> object:
    """A spec file, of which every problem is told with its line."""
    with _written(data, "a.yaml") as file:
        try:
            return load([file], variables={})
        except BadInput as error:
            odd = [line for line in str(error).splitlines() if not line.startswith(str(file))]
            assert not odd, odd
            raise


def web_config(data: bytes) -> object:
    """The web configuration of the exporter-toolkit."""
    with _written(data, "web.yml") as file:
        return read_web_config(file)


def dashboard_json(data: bytes) -> object:
    """A dashboard that is linted."""
    return _linted(data, "a.json")


def dashboard_yaml(data: bytes) -> object:
    """Dashboards in YAML, wrapped for Kubernetes."""
    return _linted(data, "a.yaml")


def _linted(data: bytes, name: str) -> object:
    with _written(data, name) as file:
        found = lint(read_dashboards([file]).dashboards, Knowledge()).findings
    assert all(str(each).isprintable() for each in found)
    return found


def imported_slos(data: bytes) -> object:
    """SLOs of Sloth and OpenSLO."""
    with _written(data, "a.yaml") as file:
        refused: list[BadInput] = []
        for form in FORMATS.values():
            try:
                import_files(form, [file], Options("prometheus"))
            except BadInput as error:
                refused.append(error)
        if len(refused) == len(FORMATS):
            raise refused[0]
        return None


def state_export(data: bytes) -> object:
    """What `obs state import` takes, written to a state; once exported it is taken again."""
    state = State(Path("memory"), None, lambda _: None)
    taken = take(state, data.splitlines(keepends=True), "a.jsonl")
    assert state.flush(), "a state that cannot be written"
    again = State(Path("memory"), None, lambda _: None)
    take(again, list(exported(state)), "a.jsonl")
    state.close()
    again.close()
    return taken


def state_file(data: bytes) -> object:
    """A state file, of another program perhaps: the collector begins anew, a reader is told."""
    with _written(data, FILE_NAME) as file:
        refused: BadInput | None = None
        try:
            with copied_state(file.parent) as copy:
                list(exported(copy))
        except BadInput as error:
            refused = error
        state = open_state(file.parent, lambda _: None)
        list(exported(state))
        state.put("kind", "key", b"value")
        if not state.flush():  # damage that only a write finds
            assert state.was_lost(), "a state that cannot be written and is not made anew"
            state.put("kind", "key", b"value")
            assert state.flush(), "a state that cannot be written"
        state.close()
        if refused:
            raise refused
        return None
