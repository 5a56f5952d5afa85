"""A process of its own that runs regular expressions: the system ends it where one takes too long.

Python cannot interrupt one, and its threads wait meanwhile. Run as a script, so that nothing of obs
is loaded. One request a line, as JSON: the seconds of processor time it may take, the expression,
its flags, texts, and where they are to be changed the replacement of the first match in each. The
answer: a list with groups and named groups, or the new text, for each; null where nothing matches;
or what is wrong with the expression.
"""

import json
import re
import resource
import signal
import sys
from typing import Any, Final

_MEMORY: Final = 512 << 20  # bytes of address space


def main() -> None:
    """Answer until there are no more requests."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    for line in sys.stdin:
        seconds, *request = json.loads(line)
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)  # the signal ends this process
        answer = _answer(*request)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


def _answer(body: str, flags: int, texts: list[str], replacement: str | None) -> Any:
    try:
        pattern = re.compile(body, flags)
        if replacement is not None:
            return [pattern.sub(replacement, text, count=1) for text in texts]
        return [_found(pattern.search(text)) for text in texts]
    except (re.error, IndexError, OverflowError, RecursionError, MemoryError) as error:
        return str(error) or type(error).__name__


def _found(match: re.Match[str] | None) -> Any:
    return None if match is None else [match.groups(), match.groupdict()]


if __name__ == "__main__":
    main()
