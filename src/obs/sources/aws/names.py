"""Which objects that a spec names exist in an AWS account and region."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from obs.snapshot.aws import AwsNames, Rule
from obs.spec.globs import plain_name
from obs.spec.named import Found
from obs.spec.watched import SpecName


def find(names: Sequence[SpecName], listed: AwsNames | None) -> list[Found]:
    """Whether each of the names exists, by the last complete listing; None before it."""
    if listed is None:
        return [Found(None)] * len(names)
    return [_found(name, listed) for name in names]


def _found(name: SpecName, listed: AwsNames) -> Found:
    if name.kind == "bus":
        return _among(name, listed.buses)
    if name.kind == "rule":
        if not any(fnmatchcase(bus, name.within) for bus in listed.buses):
            return Found(None, follows=True)
        rules = [rule.name for rule in listed.rules if fnmatchcase(rule.bus, name.within)]
        rule = Rule(plain_name(name.within) or "", plain_name(name.name) or "")
        disabled = rule in listed.disabled
        return _among(name, rules, "is disabled: it delivers nothing" if disabled else "")
    if name.kind in listed.others:
        others = listed.others[name.kind]
        return Found(None) if others is None else _among(name, others)
    if name.kind != "queue" or name.name in listed.queues_denied:
        return Found(None)
    like = listed.queues_like.get(name.name)
    return Found(True) if like is None else Found(False, like)


def _among(name: SpecName, there: Sequence[str], idle: str = "") -> Found:
    exists = any(fnmatchcase(each, name.name) for each in there)
    return Found(True, idle=idle) if exists else Found(False, there)
