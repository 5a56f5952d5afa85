"""Packs in Python, which declare PACK as obs' own do. The file is executed."""

import contextlib
import re
import sys
import traceback
from dataclasses import replace
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

from obs.alerts.alert import Alert
from obs.files import UnreadableFile, read_file
from obs.own_packs.problems import Read
from obs.own_packs.runbooks import runbook_beside
from obs.packs.pack import Pack
from obs.packs.page import PackPage
from obs.spec.report import Problem


def read_python(path: Path, text: str) -> Read:
    """The pack that a file declares, or what is wrong with it."""
    lines = text.splitlines()

    def at(message: str, kind: str, name: str, field: str = "") -> Problem:
        file, line = _written(name, path, lines)
        return Problem(str(file), line, ".".join(filter(None, (kind, name, field))), message)

    found = _executed(path, text)
    if isinstance(found, Problem):
        return Read(None, (found,), at)
    pack = getattr(found, "PACK", None)
    if why := _no_pack(pack):
        return Read(None, (Problem(str(path), _line_of("PACK", lines), "PACK", why),), at)
    assert isinstance(pack, Pack)
    problems: list[Problem] = []
    alerts: list[Alert] = []
    for alert in pack.alerts:
        beside, why = (alert.runbook, "") if alert.runbook else runbook_beside(path, alert.name)
        alerts.append(replace(alert, runbook=beside))
        if why:
            problems.append(at(why, "alerts", alert.name))
    about = pack.about or (found.__doc__ or "").strip().partition("\n")[0]
    return Read(replace(pack, alerts=tuple(alerts), about=about), tuple(problems), at)


def _written(name: str, path: Path, lines: list[str]) -> tuple[Path, int | None]:
    """Where a name is written in quotes: in the pack's file, or in a module beside it."""
    quoted = re.compile(rf"""(["']){re.escape(name)}\1""")
    for number, each in enumerate(lines, 1):
        if quoted.search(each):
            return path, number
    for module in sorted(path.parent.glob("*.py")):
        with contextlib.suppress(UnreadableFile, UnicodeDecodeError):
            for number, each in enumerate(read_file(module).decode().splitlines(), 1):
                if quoted.search(each):
                    return module, number
    return path, None


def _executed(path: Path, text: str) -> ModuleType | Problem:
    """The module. Modules of its folder are imported relative to it: `from .metrics import …`."""
    folder = f"obs_own_pack_{sha256(str(path.parent.resolve()).encode()).hexdigest()[:12]}"
    package = ModuleType(folder)
    package.__path__ = [str(path.parent)]
    _forget(folder)
    sys.modules[folder] = package
    spec = spec_from_loader(f"{folder}.{path.stem}", loader=None, origin=str(path))
    assert spec is not None
    module = module_from_spec(spec)
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        code = compile(text, str(path), "exec")
        with contextlib.redirect_stdout(sys.stderr):  # what obs prints is for programs
            exec(code, module.__dict__)  # noqa: S102  the spec names the file for this
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever the file of others raises
        return _raised(path, error)
    finally:
        _forget(folder)
    return module


def _forget(folder: str) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == folder]:
        del sys.modules[name]


def _raised(path: Path, error: BaseException) -> Problem:
    """One line, at the last line of the pack's own files that was executed."""
    said = str(error) if not isinstance(error, KeyError) else f"no {error}"
    if isinstance(error, SyntaxError):
        return Problem(error.filename or str(path), error.lineno, "", f"is not Python: {error.msg}")
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent == path.parent
    ]
    file, line = (own[-1].filename, own[-1].lineno) if own else (str(path), None)
    words = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return Problem(file, line, "", f"raised {words}")


def _no_pack(found: object) -> str:
    """What is wrong with what PACK is."""
    if found is None:
        return "is missing; write PACK = Pack(title, example, metrics, alerts, pages)"
    if not isinstance(found, Pack):
        return f"is a {type(found).__name__}; write PACK = Pack(…), from obs.packs.pack"
    for field, kind in (("alerts", Alert), ("pages", PackPage)):
        for each in _listed(getattr(found, field)):
            if not isinstance(each, kind):
                return f"{field} holds a {type(each).__name__}; write a tuple of {kind.__name__}s"
    return ""


def _listed(found: object) -> tuple[object, ...]:
    return tuple(found) if isinstance(found, list | tuple) else (found,)


def _line_of(name: str, lines: list[str]) -> int | None:
    return next((n for n, each in enumerate(lines, 1) if re.match(rf"{name}\b", each)), None)
