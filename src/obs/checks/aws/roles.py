"""Whose permissions are checked, and against which policy: live roles and policy files."""

from collections.abc import Iterator
from pathlib import Path

from obs.bounded_json import load_json
from obs.checks.aws.permissions import RoleFacts, judge
from obs.checks.aws.policy import statements
from obs.checks.finding import CheckFinding, skipped
from obs.errors import BadInput
from obs.files import UnreadableFile, read_file
from obs.iam.policy_options import PolicyOptions
from obs.iam.roles import policy_for
from obs.spec.system import System

FILE = "file"
"""The kind of a policy document in a file."""


def subjects(system: System) -> tuple[str, ...]:
    """`part@source`, and `part@source=file` of a document.

    The collector of each AWS source, and the parts whose roles and documents the spec names.
    """
    sources = tuple(system.sources.aws)
    if not sources:
        return ()
    live = [f"collector@{source}" for source in sources]
    live += [f"{part}@{sources[0]}" for part in system.checks.roles]
    documents = system.checks.policies.items()
    return (*live, *(f"{part}@{sources[0]}={file}" for part, file in documents))


def parts(subject: str) -> tuple[str, str, str]:
    """Part, source and file of a subject; the file is empty where it is a live role."""
    part, _, rest = subject.partition("@")
    source, _, file = rest.partition("=")
    return part, source, file


def read_policy(file: str) -> RoleFacts:
    """A policy document. Raises BadInput where it cannot be read."""
    try:
        text = read_file(Path(file)).decode()
        return RoleFacts(FILE, file, {Path(file).name: statements(load_json(text))})
    except UnreadableFile as refused:
        raise BadInput(f"{file}: {refused}") from None
    except ValueError:
        raise BadInput(f"{file}: this policy is not JSON") from None


def judge_role(system: System, subject: str, facts: RoleFacts) -> Iterator[CheckFinding]:
    """The role or document permits what its part needs, and no more."""
    part, source, _ = parts(subject)
    try:
        needed = policy_for(part, system, PolicyOptions(source=source))
    except BadInput as error:
        yield skipped(subject, str(error))
        return
    several = f" --source {source}" if len(system.sources.aws) > 1 else ""
    command = f"obs iam policy --for {part}{several}"
    if facts.kind == FILE:
        yield from judge(facts, needed, f"{command} > {facts.name}")
        return
    put = (
        f"aws iam put-{facts.kind}-policy --{facts.kind}-name {facts.name} "
        f"--policy-name obs-{part} --policy-document file://policy.json"
    )
    advice = (f"{command} > policy.json", put, *_others(facts, part))
    yield from judge(facts, needed, "\n".join(advice))


def _others(facts: RoleFacts, part: str) -> Iterator[str]:
    """What to do with policies other than the one needed."""
    for name in facts.policies:
        if name != f"obs-{part}":
            yield f"then delete or detach policy {name} of {facts.kind} {facts.name}"
