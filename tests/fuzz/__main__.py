"""Fuzz with atheris, which is led by the branches of our code to inputs that reach new ones.

Run as `python -m tests.fuzz [NAME …] [--seconds 60]`; without a name every
target has its turn. What ends a target is written to build/fuzz/NAME/ and told; exit status 1.
"""

import argparse
import io
import logging
import os
import re
import sys
import time
import traceback
from contextlib import redirect_stderr
from pathlib import Path
from typing import Final

_FOLDER: Final = Path("build") / "fuzz"
_LARGEST: Final = 65_536  # bytes of an input
_MEMORY: Final = 1_500  # MB of the process; beyond, an input is a fault
_BOMB: Final = 60_000  # bytes
_SLOW: Final = 60  # seconds for one input; ten times as long as without atheris, and idle


def main(arguments: list[str]) -> int:
    """Exit status: 0 nothing found, 1 a fault, 2 a wrong name or no atheris."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a target; default: all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument("--list", action="store_true", help="print the names and exit")
    chosen = parser.parse_args(arguments)
    names = _known_names()
    if chosen.list:
        print("\n".join(names))
        return 0
    if unknown := [name for name in chosen.names if name not in names]:
        print(f"unknown target {unknown[0]}; known: {', '.join(names)}", file=sys.stderr)
        return 2
    try:
        _instrument()
    except ImportError:
        print("atheris is not installed: `make fuzz` installs it", file=sys.stderr)
        return 2
    return int(not all([_run(name, chosen.seconds) for name in chosen.names or names]))  # noqa: C419


def _known_names() -> list[str]:
    """As the registry has them; importing it is for later, when it is instrumented."""
    registry = Path(__file__).with_name("targets.py").read_text(encoding="utf-8")
    return re.findall(r"Target\(\"([a-z-]+)\"", registry)


def _instrument() -> None:
    import atheris

    print("instrumenting …", file=sys.stderr)
    names_each = redirect_stderr(io.StringIO())
    with names_each, atheris.instrument_imports(include=["obs", "botocore.parsers", "yaml"]):
        import tests.fuzz.targets  # noqa: F401


def _run(name: str, seconds: int) -> bool:
    """Fuzz one target in a copy of this process: a fault ends it, and coverage is its own."""
    began = time.monotonic()
    folder = _FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    child = os.fork()
    if not child:
        into = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(into, 1)
        os.dup2(into, 2)
        try:
            _fuzz(name, folder.resolve(), seconds)  # ends the process
        except SystemExit as ended:
            os._exit(int(ended.code or 0))
        except Exception:  # noqa: BLE001
            traceback.print_exc()
        os._exit(1)
    fine = os.waitpid(child, 0)[1] == 0
    lines = log.read_text(errors="replace").splitlines()
    inputs = _last(r"stat::number_of_executed_units: +(\d+)", lines)
    covered = _last(r"#\d+\t.* cov: (\d+)", lines)
    took = f"{time.monotonic() - began:.0f} s"
    print(f"{name}: {inputs} inputs, {covered} branches, {took}: {'ok' if fine else 'FAULT'}")
    if not fine:
        print("\n".join(f"  {line}" for line in lines[-60:] if not line.startswith("#")))
    sys.stdout.flush()
    return fine


def _last(pattern: str, lines: list[str]) -> str:
    found = [match[1] for line in lines if (match := re.match(pattern, line))]
    return found[-1] if found else "0"


def _fuzz(name: str, folder: Path, seconds: int) -> None:
    import atheris

    from tests.fuzz.mutants import ODD, bombs
    from tests.fuzz.targets import BY_NAME

    target = BY_NAME[name]
    logging.disable(logging.WARNING)
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate((*target.seeds, *bombs(_BOMB).values())):
        (corpus / f"seed-{number}").write_bytes(seed)
        target(seed)  # what is loaded when first used is not the cost of an input
    words = folder / "words"
    words.write_text("".join(f'"{_escaped(odd)}"\n' for odd in ODD if 0 < len(odd) < 60))
    options = [
        *(f"-max_total_time={seconds}", f"-timeout={_SLOW}", f"-rss_limit_mb={_MEMORY}"),
        *(f"-max_len={_LARGEST}", f"-dict={words}", f"-artifact_prefix={folder}{os.sep}"),
        *("-print_final_stats=1", str(corpus)),
    ]
    atheris.Setup([sys.argv[0], *options], target)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
