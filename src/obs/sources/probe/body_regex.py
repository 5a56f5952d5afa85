"""Regular expressions on bodies, with a limit of time.

An expression that backtracks never lets go of the interpreter, so it runs in a process of its own,
which the system can end.
"""

import json
import subprocess
import sys
from typing import Final

from obs.clients.checked_connection import ProbeFailed
from obs.errors import SourceError

_FOUND, _NOT_FOUND = 0, 9
_CODE: Final = (
    "import json, re, sys\n"
    "pattern, text = json.load(sys.stdin)\n"
    f"sys.exit({_FOUND} if re.search(pattern, text) else {_NOT_FOUND})\n"
)


def is_found(pattern: str, text: str, seconds: float) -> bool:
    """Whether the expression matches somewhere in the text.

    Raises ProbeFailed(body) where that takes longer than `seconds`; SourceError where it cannot be
    run.
    """
    try:
        done = subprocess.run(  # noqa: S603  our own script, its input on stdin
            [sys.executable, "-I", "-S", "-c", _CODE],
            input=json.dumps([pattern, text]).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        raise ProbeFailed("body", "body_matches took too long for this body") from None
    except OSError as error:
        raise SourceError("internal", f"cannot run body_matches: {error.strerror}") from None
    if done.returncode not in (_FOUND, _NOT_FOUND):
        raise SourceError("internal", "cannot run body_matches")
    return done.returncode == _FOUND
