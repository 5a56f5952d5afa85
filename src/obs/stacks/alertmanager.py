"""Alertmanager: its configuration file, a reload, and a look whether that is what it runs with."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers import alertmanager
from obs.artifacts import yaml_text
from obs.clients.http import without_user
from obs.clients.rest import Rest, document
from obs.errors import BadInput, SourceError
from obs.spec.stacks import AlertmanagerStack
from obs.spec.system import System
from obs.stacks.files import KIND, OwnedFiles
from obs.stacks.plan import (
    Change,
    PlanStep,
    Wanted,
    diff,
    is_as_wanted,
    plan,
    projected,
    to_do,
)
from obs.stacks.reload import reload
from obs.stacks.rules import HEAD, owner
from obs.stacks.stack import Done

LOADED: Final = "loaded configuration"
_STATUS: Final = "/api/v2/status"
_MATCHERS: Final = frozenset(("matchers", "source_matchers", "target_matchers"))

AlertmanagerConfig = dict[str, Any]


class Alertmanager:
    """The configuration file of one Alertmanager, which routes the alerts of one system."""

    def __init__(
        self,
        system: System,
        stack: AlertmanagerStack,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        if system.notify is None:
            raise BadInput("--target alertmanager: the spec has no `notify`")
        self._document = alertmanager.configuration(tuned_alerts(system), system, system.notify)
        self._path = Path(stack.config_file)
        self._texts = {self._path.name: yaml_text(self._document, head=HEAD)}
        self._files = OwnedFiles(self._path.parent, f"alertmanager {owner(system)}")
        self._rest = Rest(stack, pause=pause)

    @property
    def where(self) -> str:
        """Its address, and the file."""
        return f"{without_user(self._rest.url)}, {self._path}"

    def plan(self) -> tuple[PlanStep, ...]:
        """The file to write; where it is as wanted, whether Alertmanager runs with it."""
        name = self._path.name
        # Other files of the owner, which another target wrote here, are none of this one's.
        there = [each for each in self._files.present([name]) if each.name == name]
        steps = plan([Wanted(KIND, name, self._texts[name])], there)
        if is_as_wanted(steps):
            steps += (self._memory(),)
        return steps

    def apply(self, steps: Sequence[PlanStep], done: Done) -> None:
        """The file, a reload, a look; everything as it was before where one of them fails."""
        if not to_do(steps):
            return
        self._files.apply(steps, self._texts, lambda: reload(self._rest), self._look)
        for step in to_do(steps):
            done(step)

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def _memory(self) -> PlanStep:
        wanted, there = _told(self._document), self._loaded()
        verdict = Change.KEEP if wanted == there and not self._files.pending else Change.CHANGE
        return PlanStep(verdict, LOADED, self._rest.url, diff=diff(there, wanted))

    def _look(self) -> None:
        if self._loaded() != _told(self._document):
            raise SourceError(
                "http_status",
                f"{without_user(self._rest.url)}: reloaded, but runs another configuration; was it "
                f"started with {self._path}? The previous file was restored",
            )

    def _loaded(self) -> AlertmanagerConfig:
        answer = self._rest.get(_STATUS)
        try:
            text = document(answer, self._rest.url)["config"]["original"]
            whole = yaml.load(text, Loader=yaml.CSafeLoader)
            return dict(projected(_told(whole), _told(self._document)))
        except (KeyError, TypeError, AttributeError, yaml.YAMLError):
            where = f"{without_user(self._rest.url)}{_STATUS}"
            raise SourceError("decode", f"{where}: not a response of Alertmanager") from None


def _told(whole: Mapping[str, Any]) -> AlertmanagerConfig:
    """A configuration as far as Alertmanager tells it back: it hides what may be secret."""
    return {
        "route": _sorted(whole["route"]),
        "inhibit_rules": _sorted(whole.get("inhibit_rules") or []),
        "time_intervals": sorted(each["name"] for each in whole.get("time_intervals") or ()),
        "receivers": {
            each["name"]: {kind: len(each[kind]) for kind in sorted(each) if kind != "name"}
            for each in whole["receivers"]
        },
    }


def _sorted(value: Any) -> Any:
    """The same with matchers in one order, as Alertmanager has its own."""
    if isinstance(value, Mapping):
        return {
            key: sorted(below) if key in _MATCHERS else _sorted(below)
            for key, below in value.items()
        }
    return [_sorted(each) for each in value] if isinstance(value, list) else value
