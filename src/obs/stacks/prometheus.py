"""Prometheus: write rule files, reload, verify the loaded rules."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from obs.artifacts import yaml_text
from obs.clients.http import without_user
from obs.clients.rest import Rest
from obs.errors import BadInput, SourceError
from obs.spec.stacks import PrometheusStack
from obs.spec.system import System
from obs.stacks.files import KIND, OwnedFiles
from obs.stacks.loaded_rules import (
    Fields,
    Group,
    LoadedRules,
    built_fields,
    is_of,
    loaded_fields,
    read_loaded,
)
from obs.stacks.plan import Action, PlanStep, Wanted, changing_steps, diff, plan
from obs.stacks.reload import RESTORED, reload
from obs.stacks.rules import HEAD, owner, rule_documents
from obs.stacks.stack import Done

LOADED: Final = "loaded rules"
_MAX_LOOKS: Final = 25
_PAUSE: Final = 0.2  # seconds

Contents = dict[str, dict[str, Fields]]
"""Groups in comparable form, by file and by name."""


class PrometheusRules:
    """The rule files of one system, and the Prometheus that reads them."""

    def __init__(
        self,
        system: System,
        stack: PrometheusStack,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._system = system
        self._start = start = f"obs-{system.full_name}"
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
        """The files to write; where all are up to date, whether Prometheus has loaded them.

        Copies of the rules that it has loaded from files of others are foreign.
        """
        if not self._folder.is_dir():
            raise BadInput(f"{self._folder}: no such folder; create it, or correct rules_dir")
        wanted = [Wanted(KIND, name, text) for name, text in self._texts.items()]
        steps = plan(wanted, self._files.present(list(self._texts)))
        loaded = self._read()
        if not changing_steps(steps):
            steps += (self._loaded_step(loaded, _foreign(steps)),)
        return steps + tuple(self._copies(loaded))

    def apply(self, steps: Sequence[PlanStep], done: Done) -> None:
        """Write all files, reload, verify; restores the previous files where one of them fails."""
        foreign = _foreign(steps)
        changed = any(step.kind == KIND for step in changing_steps(steps))
        self._files.apply(
            steps,
            self._texts,
            lambda: reload(self._rest, changed=changed),
            lambda: self._verify(foreign, changed=changed),
        )
        for step in changing_steps(steps):
            done(step)

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def _read(self) -> LoadedRules:
        built = [group for document in self._documents.values() for group in document["groups"]]
        return read_loaded(self._rest, built, self._is_in_our_file)

    def _is_in_our_file(self, group: Group) -> bool:
        """Whether its file has a name that obs builds, or once built, for this system."""
        name = _name_of_file(group)
        return name in self._texts or (
            name.startswith(f"{self._start}-")
            and all(is_of(rule, self._system) for rule in group["rules"])
        )

    def _loaded_step(self, loaded: LoadedRules, foreign: Collection[str]) -> PlanStep:
        wanted, there = self._wanted(loaded, foreign), self._there(loaded, foreign)
        action = Action.KEEP if wanted == there and not self._files.pending else Action.CHANGE
        return PlanStep(action, LOADED, self._rest.url, diff=diff(there, wanted))

    def _copies(self, loaded: LoadedRules) -> Iterator[PlanStep]:
        """Groups of ours that are loaded from other files too, so that their rules run twice."""
        own = self._own_paths(loaded).values()
        for group in loaded.groups:
            path = group.get("file", "")
            if path not in own and any(is_of(rule, self._system) for rule in group["rules"]):
                why = "a copy that obs does not manage; take the file out of rule_files"
                name = f"{group['name']} in {path}"
                yield PlanStep(Action.FOREIGN, LOADED, name, why=why)

    def _verify(self, foreign: Collection[str], *, changed: bool) -> None:
        for look in range(_MAX_LOOKS):
            if look:
                self._pause(_PAUSE)
            loaded = self._read()
            wanted, there = self._wanted(loaded, foreign), self._there(loaded, foreign)
            if wanted == there:
                return
        differing = next(
            file for file in {**wanted, **there} if wanted.get(file) != there.get(file)
        )
        after = f". {RESTORED}" if changed else ""
        problem = self._problem(differing, self._own_paths(loaded).get(differing))
        raise SourceError("http_status", f"{self.where}: {problem}{after}")

    def _problem(self, file: str, path: str | None) -> str:
        """What is to be done about a file that was not loaded as written; `path`: what was."""
        if path is None:
            pattern = self._folder / "*.yaml"
            return f"reloaded, but {file} was not loaded; is {pattern} among its rule_files?"
        if file not in self._texts:
            return f"reloaded, but it still reads {path}, which obs no longer builds; delete it"
        return (
            f"reloaded, but {path} has other rules there than {self._folder / file} has here; is "
            "rules_dir the folder that Prometheus reads?"
        )

    def _wanted(self, loaded: LoadedRules, foreign: Collection[str]) -> Contents:
        return {
            file: {group["name"]: built_fields(group, loaded) for group in document["groups"]}
            for file, document in sorted(self._documents.items())
            if file not in foreign
        }

    def _there(self, loaded: LoadedRules, foreign: Collection[str]) -> Contents:
        """What Prometheus has loaded from our files."""
        names = {path: name for name, path in self._own_paths(loaded).items()}
        found: Contents = {}
        for group in loaded.groups:
            name = names.get(group.get("file", ""))
            if name is not None and name not in foreign:
                found.setdefault(name, {})[group["name"]] = loaded_fields(group, loaded)
        return {
            file: {name: groups[name] for name in sorted(groups)}
            for file, groups in sorted(found.items())
        }

    def _own_paths(self, loaded: LoadedRules) -> dict[str, str]:
        """Our files that are loaded, by name, under the paths at which Prometheus has them.

        It may see the folder under another path than we do: in a container, for example.
        """
        found: dict[str, str] = {}
        for group in sorted(loaded.groups, key=lambda each: str(each.get("file", ""))):
            name, path = _name_of_file(group), group.get("file", "")
            is_exact = path == str(self._folder / name)
            if self._is_in_our_file(group) and (is_exact or name not in found):
                found[name] = path
        return found


def _name_of_file(group: Group) -> str:
    return PurePosixPath(str(group.get("file", ""))).name


def _foreign(steps: Sequence[PlanStep]) -> frozenset[str]:
    """The files of others."""
    return frozenset(
        step.name for step in steps if step.action is Action.FOREIGN and step.kind == KIND
    )
