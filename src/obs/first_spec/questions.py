"""What `obs init` asks where nothing was given: at a terminal only, each with a default."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from obs.first_spec.nats import LOCAL, answers_at
from obs.first_spec.options import Options

_NONE: Final = ("-", "none", "no")


def answered(
    options: Options,
    *,
    ask: bool,
    read: Callable[[str], str] = input,
    local: Callable[[str], bool] = answers_at,
) -> Options:
    """The options, with the answers. Without `ask`, or a terminal, the server of this machine, if
    `local` finds one."""
    default = LOCAL if local(LOCAL) else ""
    if not ask or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return replace(options, nats=(default,) if default else ())
    nats = _answer(read, "NATS server, http://HOST:8222 (monitoring) or nats://HOST:4222", default)
    login = dict(options.login)
    if nats and urlsplit(nats).scheme in ("nats", "tls") and not login:
        file = _answer(read, ".creds file of the NATS user", "")
        login = {"credentials_file": file} if file else {}
    region = _answer(read, "AWS region, for example us-east-1", "")
    return replace(
        options,
        nats=(nats,) if nats else (),
        login=login,
        regions=(region,) if region else (),
    )


def _answer(read: Callable[[str], str], question: str, default: str) -> str:
    """The answer, the default where it is empty; empty for none."""
    try:
        given = read(f"{question} [{default or 'none'}]: ").strip()
    except EOFError:
        return default
    return "" if given.lower() in _NONE else given or default
