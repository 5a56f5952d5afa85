"""Prometheus: write rule files, reload, verify the loaded rules."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from obs.artifacts import yaml_text
from obs.clients.http import without_user
from obs.clients.rest import Rest, document
from obs.errors import BadInput, SourceError
from obs.spec.stacks import PrometheusStack
from obs.spec.system import System
from obs.stacks.files import KIND, OwnedFiles
from obs.stacks.plan import Action, PlanStep, Wanted, changing_steps, diff, is_as_wanted, plan
from obs.stacks.reload import reload
from obs.stacks.rules import HEAD, RuleDocument, owner, rule_documents, seconds
from obs.stacks.stack import Done

LOADED: Final = "loaded rules"
_RULES: Final = "/api/v1/rules"
_MAX_LOOKS: Final = 25
_PAUSE: Final = 0.2  # seconds

Groups = dict[str, list[Any]]


class PrometheusRules:
    """The rule files of one system, and the Prometheus that reads them."""

    def __init__(
        self,
        system: System,
        stack: PrometheusStack,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        start = f"obs-{system.system}-{system.environment}"
        documents = rule_documents(system, recording=stack.recording)
        self._documents = {f"{start}-{name}.yaml": each for name, each in documents.items()}
        self._texts = {name: yaml_text(each, head=HEAD) for name, each in self._documents.items()}
        self._folder = Path(stack.rules_dir)
        self._files = OwnedFiles(self._folder, f"prometheus {owner(system)}")
        self._rest = Rest(stack, pause=pause)
        self._pause = pause

    @property
    def where(self) -> str:
        return f"{without_user(self._rest.url)}, {self._folder}"

    def plan(self) -> tuple[PlanStep, ...]:
        """The files to write; where all are up to date, whether Prometheus has loaded them."""
        if not self._folder.is_dir():
            raise BadInput(f"{self._folder}: no such folder; create it, or correct rules_dir")
        wanted = [Wanted(KIND, name, text) for name, text in self._texts.items()]
        steps = plan(wanted, self._files.present(list(self._texts)))
        if is_as_wanted(steps):
            steps += (self._loaded_step(),)
        return steps

    def apply(self, steps: Sequence[PlanStep], done: Done) -> None:
        """Write all files, reload, verify; restores the previous files where one of them fails."""
        foreign = {step.name for step in steps if step.action is Action.FOREIGN}
        self._files.apply(
            steps, self._texts, lambda: reload(self._rest), lambda: self._verify(foreign)
        )
        for step in changing_steps(steps):
            done(step)

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def _loaded_step(self) -> PlanStep:
        wanted, there = _wanted(self._documents), self._loaded()
        action = Action.KEEP if wanted == there and not self._files.pending else Action.CHANGE
        return PlanStep(action, LOADED, self._rest.url, diff=diff(there, wanted))

    def _verify(self, foreign: Iterable[str]) -> None:
        left_out = set(foreign)
        documents = {name: each for name, each in self._documents.items() if name not in left_out}
        wanted = _wanted(documents)
        for look in range(_MAX_LOOKS):
            if look:
                self._pause(_PAUSE)
            there = self._loaded()
            if all(there.get(file) == groups for file, groups in wanted.items()):
                return
        missing = next(file for file, groups in wanted.items() if there.get(file) != groups)
        raise SourceError(
            "http_status",
            f"{self.where}: reloaded, but {missing} was not loaded as written; is "
            f"{self._folder / '*.yaml'} among its rule_files? The previous files were restored",
        )

    def _loaded(self) -> dict[str, Groups]:
        """The groups that Prometheus has loaded from our files, by file."""
        answer = self._rest.get(_RULES)
        try:
            groups = [
                (PurePosixPath(group["file"]).name, group["name"], group["rules"])
                for group in document(answer, self._rest.url)["data"]["groups"]
            ]
            return _by_file(
                (file, name, [_loaded(rule) for rule in rules])
                for file, name, rules in groups
                if file in self._texts
            )
        except (KeyError, TypeError):
            where = f"{without_user(self._rest.url)}{_RULES}"
            raise SourceError("decode", f"{where}: not a response of Prometheus") from None


def _by_file(groups: Iterable[tuple[str, str, list[Any]]]) -> dict[str, Groups]:
    found: dict[str, Groups] = {}
    for file, name, rules in groups:
        found.setdefault(file, {})[name] = rules
    return {file: dict(sorted(groups.items())) for file, groups in sorted(found.items())}


def _wanted(documents: Mapping[str, RuleDocument]) -> dict[str, Groups]:
    return _by_file(
        (file, group["name"], [_written(rule) for rule in group["rules"]])
        for file, document in documents.items()
        for group in document["groups"]
    )


def _written(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a rule that Prometheus reports unchanged; it reformats expressions."""
    visible = {"name": rule.get("alert") or rule["record"], "labels": dict(rule.get("labels", {}))}
    if "alert" not in rule:
        return visible
    annotations = dict(rule.get("annotations", {}))
    return {**visible, "for": seconds(rule.get("for", "0s")), "annotations": annotations}


def _loaded(rule: Mapping[str, Any]) -> dict[str, Any]:
    visible = {"name": rule["name"], "labels": dict(rule.get("labels", {}))}
    if rule["type"] != "alerting":
        return visible
    return {**visible, "for": rule["duration"], "annotations": dict(rule.get("annotations", {}))}
