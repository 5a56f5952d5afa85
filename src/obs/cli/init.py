"""obs init."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from obs.cli.arguments import DEFAULT_SPEC, Commands, command, format_argument, with_spec
from obs.cli.output import counted, json_text, safe
from obs.cli.parser import Parser
from obs.cli.terminal import is_quiet, working
from obs.errors import DONE, FOUND, BadInput, ObsError

if TYPE_CHECKING:
    from obs.first_spec.draft import Draft
    from obs.first_spec.options import Options

_STDOUT = Path("-")
_LOGIN = {
    "user": ("NAME", "user of the NATS server, with --password-file"),
    "password_file": ("FILE", "file with that user's password"),
    "token_file": ("FILE", "file with a token of the NATS server"),
    "credentials_file": ("FILE", ".creds file of a NATS user"),
    "nkey_file": ("FILE", "file with the nkey seed of a NATS user"),
    "jwt_file": ("FILE", "file with the JWT that belongs to --nkey-file"),
}
_TLS = {
    "ca_file": ("FILE", "certificates of the authorities to trust for NATS, PEM"),
    "cert_file": ("FILE", "client certificate for NATS, PEM"),
    "key_file": ("FILE", "key of that certificate, PEM"),
}


def register(commands: "Commands[Parser]") -> None:
    """Adds the command of this module."""
    init = command(
        commands,
        "init",
        _init,
        summary="Write a first spec, with comments, from what your servers and accounts tell.",
        examples=[
            "obs init",
            "obs init --nats http://localhost:8222 && obs collect",
            "obs init --nats nats://localhost:4222 --credentials-file obs.creds",
            "obs init --aws-region eu-west-1 --aws-profile production --out shop.yaml",
        ],
        found="written, but something could not be seen; stderr says which right is missing",
        exit_codes=(0, 1, 2, 3),
    )
    init.add_argument(
        "--nats",
        action="append",
        metavar="URL",
        help="NATS server: http://HOST:8222 (monitoring) or nats://HOST:4222 (client); repeatable",
    )
    for name, (metavar, help) in {**_LOGIN, **_TLS}.items():
        init.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, help=help)
    _aws_arguments(init)
    init.add_argument(
        "--system", metavar="NAME", help="name of the system (default: that of the folder)"
    )
    init.add_argument(
        "--out",
        type=Path,
        default=DEFAULT_SPEC,
        metavar="FILE",
        help=f"file to write, - for stdout (default: {DEFAULT_SPEC})",
    )
    init.add_argument("--force", action="store_true", help="replace the file if it exists")
    init.add_argument(
        "--yes", action="store_true", help="ask nothing, use the defaults (as without a terminal)"
    )
    format_argument(init)


def _aws_arguments(init: Parser) -> None:
    init.add_argument(
        "--aws-region", action="append", metavar="REGION", help="AWS region; repeatable"
    )
    init.add_argument(
        "--aws-profile",
        action="append",
        metavar="NAME",
        help="profile of the AWS configuration files; repeatable, an account each",
    )
    init.add_argument(
        "--aws-role-arn",
        action="append",
        metavar="ARN",
        help="role to assume; repeatable, an account each",
    )
    init.add_argument("--external-id", metavar="ID", help="external ID that these roles require")
    init.add_argument(
        "--endpoint-url", metavar="URL", help="endpoint instead of that of AWS, for emulators"
    )


def _init(arguments: argparse.Namespace) -> int:
    from obs.first_spec.checked import checked
    from obs.first_spec.names import spec_name, system_name
    from obs.first_spec.rooms import EXAMPLES, look
    from obs.first_spec.text import spec_text

    out: Path = arguments.out
    if out != _STDOUT and out.exists() and not arguments.force:
        raise BadInput(f"{out}: exists already; give --force to replace it, or --out FILE")
    system = arguments.system or system_name(Path.cwd().name)
    if spec_name(system) != system:
        raise BadInput(f"--system {system}: letters, digits, _ . and -; {spec_name(system)!r}?")
    options = _options(arguments)
    try:
        with working("asking " + ", ".join([*options.nats, *options.regions])):
            drafts = list(look(options))
    except ObsError as error:
        error.args = (f"{error}\nnothing was written",)
        raise
    text = checked(spec_text(system, drafts, EXAMPLES))
    _write(out, text)
    _tell(arguments, system, drafts, text)
    return FOUND if any(draft.unseen for draft in drafts) else DONE


def _options(arguments: argparse.Namespace) -> "Options":
    from obs.first_spec.options import Options

    given = vars(arguments)
    accounts = [
        {name: value}
        for name, values in (
            ("profile", arguments.aws_profile),
            ("role_arn", arguments.aws_role_arn),
        )
        for value in values or ()
    ]
    if arguments.external_id:
        accounts = [
            {**each, "external_id": arguments.external_id} if "role_arn" in each else each
            for each in accounts
        ]
    options = Options(
        nats=tuple(arguments.nats or ()),
        login={name: given[name] for name in _LOGIN if given[name]},
        tls={name: given[name] for name in _TLS if given[name]},
        regions=tuple(arguments.aws_region or ()),
        accounts=tuple(accounts),
        endpoint_url=arguments.endpoint_url,
    )
    if options.nats or options.regions or options.accounts:
        return options
    from obs.first_spec.questions import answered

    return answered(options, ask=not arguments.yes and arguments.format == "text")


def _write(out: Path, text: str) -> None:
    from obs.folder import Folder

    if out == _STDOUT:
        return
    try:
        Folder(out.parent).write({out.name: text})
    except OSError as error:
        raise BadInput(f"{out}: cannot be written: {error.strerror}") from None


def _tell(arguments: argparse.Namespace, system: str, drafts: "Sequence[Draft]", text: str) -> None:
    if arguments.format == "json":
        print(json_text(_facts(arguments.out, system, drafts, text)))
        return
    if arguments.out == _STDOUT:
        print(text, end="")
    lines = _lines(arguments.out, drafts)
    if arguments.out != _STDOUT and not is_quiet():
        print(safe("\n".join(lines)))
    for line in _unseen_lines(arguments.out, drafts):
        print(safe(line), file=sys.stderr)


def _facts(out: Path, system: str, drafts: "Sequence[Draft]", text: str) -> dict[str, object]:
    return {
        "file": None if out == _STDOUT else str(out),
        "system": system,
        "sources": [{"kind": each.kind, "name": each.name, "found": each.saw} for each in drafts],
        "slos": [
            {"name": slo.name, "kind": slo.kind, "objective": slo.objective, "why": slo.why}
            for each in drafts
            for slo in each.slos
        ],
        "unseen": [
            {"source": each.name, "what": one.what, "why": one.why, "advice": one.advice}
            for each in drafts
            for one in each.unseen
        ],
        **({"spec": text} if out == _STDOUT else {}),
    }


def _lines(out: Path, drafts: "Sequence[Draft]") -> Iterator[str]:
    yield f"wrote {out}"
    for draft in drafts:
        slos = counted(len(draft.slos), "SLO")
        yield f"  {draft.kind} {draft.name}: {draft.saw}; {slos} proposed"
    if not drafts:
        yield "  it watches nothing yet: obs init --nats URL, or --aws-region REGION, fills it in"
    spec = "" if out == DEFAULT_SPEC else f" --spec {out}"
    yield "next:"
    yield f"  obs collect{spec}   then open http://127.0.0.1:9464"
    yield f"  obs doctor{spec}    if something is missing"


def _unseen_lines(out: Path, drafts: "Sequence[Draft]") -> Iterator[str]:
    paths = [] if out in (DEFAULT_SPEC, _STDOUT) else [out]
    for draft in drafts:
        for each in draft.unseen:
            yield f"could not see {each.what}: {each.why}"
            if each.advice:
                yield f"    {with_spec(each.advice, paths)}"
