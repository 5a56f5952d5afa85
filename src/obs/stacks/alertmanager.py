"""Alertmanager: write its configuration file, reload it, verify the loaded configuration."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers import alertmanager
from obs.artifacts import yaml_text
from obs.bounded_yaml import load_yaml
from obs.clients.http import without_user
from obs.clients.rest import Rest, document
from obs.errors import BadInput, SourceError
from obs.spec.stacks import AlertmanagerStack
from obs.spec.system import System
from obs.stacks.answers import YAML, understood
from obs.stacks.files import KIND, OwnedFiles
from obs.stacks.plan import (
    Action,
    PlanStep,
    Wanted,
    changing_steps,
    diff,
    is_as_wanted,
    plan,
    projected,
)
from obs.stacks.reload import RESTORED, reload
from obs.stacks.rules import HEAD, owner
from obs.stacks.stack import Done

LOADED: Final = "loaded configuration"
_STATUS: Final = "/api/v2/status"
_MATCHERS: Final = frozenset(("matchers", "source_matchers", "target_matchers"))
_HIDDEN: Final = "<secret>"
_EMPTY: Final[tuple[object, ...]] = ("", None, [], {})
_NOTHING: Final[tuple[object, ...]] = (*_EMPTY, False)

AlertmanagerConfig = dict[str, Any]


class AlertmanagerRouting:
    """The configuration file of one Alertmanager, which routes the alerts of one system."""

    def __init__(
        self,
        system: System,
        stack: AlertmanagerStack,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        if system.notify is None:
            raise BadInput(
                "--target alertmanager: the spec has no `notify`, so there are no receivers"
            )
        self._document = alertmanager.configuration(tuned_alerts(system), system, system.notify)
        self._path = Path(stack.config_file)
        self._texts = {self._path.name: yaml_text(self._document, head=HEAD)}
        self._files = OwnedFiles(self._path.parent, f"alertmanager {owner(system)}")
        self._rest = Rest(stack, pause=pause)

    @property
    def where(self) -> str:
        """The address of Alertmanager, and the file."""
        return f"{without_user(self._rest.url)}, {self._path}"

    def plan(self) -> tuple[PlanStep, ...]:
        """The file to write; where it is up to date, whether Alertmanager has loaded it."""
        name = self._path.name
        # The folder may hold the owner's files for other targets.
        there = [each for each in self._files.present([name]) if each.name == name]
        steps = plan([Wanted(KIND, name, self._texts[name])], there)
        if is_as_wanted(steps):
            steps += (self._loaded_step(),)
        return steps

    def apply(self, steps: Sequence[PlanStep], done: Done) -> None:
        """Write, reload, verify; restores the previous file where one of them fails."""
        if not changing_steps(steps):
            return
        changed = any(step.kind == KIND for step in changing_steps(steps))
        self._files.apply(
            steps,
            self._texts,
            lambda: reload(self._rest, changed=changed),
            lambda: self._verify(changed=changed),
        )
        for step in changing_steps(steps):
            done(step)

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def _loaded_step(self) -> PlanStep:
        wanted, there = _visible(self._document), self._loaded()
        action = Action.KEEP if wanted == there and not self._files.pending else Action.CHANGE
        return PlanStep(action, LOADED, self._rest.url, diff=diff(there, wanted))

    def _verify(self, *, changed: bool) -> None:
        if self._loaded() != _visible(self._document):
            after = f" {RESTORED}" if changed else ""
            raise SourceError(
                "http_status",
                f"{without_user(self._rest.url)}: reloaded, but runs another configuration; was it "
                f"started with {self._path}?{after}",
            )

    def _loaded(self) -> AlertmanagerConfig:
        answer = self._rest.get(_STATUS)
        where = f"{without_user(self._rest.url)}{_STATUS}"
        with understood(self._rest, _STATUS, "Alertmanager"):
            text = document(answer, where)["config"]["original"]
            return _visible(load_yaml(text, YAML), _visible(self._document))


def _visible(
    whole: Mapping[str, Any], wanted: AlertmanagerConfig | None = None
) -> AlertmanagerConfig:
    """All of a configuration that we write, in comparable form.

    Alertmanager adds defaults to receivers, and hides what may be secret: there `wanted` counts.
    """
    receivers = {each["name"]: _plain(each, _EMPTY) for each in whole["receivers"]}
    if wanted is not None:
        known = wanted["receivers"]
        receivers = {
            name: _without_defaults(each, known[name]) if name in known else each
            for name, each in receivers.items()
        }
    return {
        "route": _plain(whole["route"], _NOTHING),
        "inhibit_rules": _plain(whole.get("inhibit_rules") or [], _NOTHING),
        "time_intervals": _plain(whole.get("time_intervals") or [], _NOTHING),
        "receivers": receivers,
    }


def _plain(value: Any, nothing: Sequence[object]) -> Any:
    """The same without fields that say nothing, and with matchers in one order."""
    if isinstance(value, Mapping):
        plain = {key: _plain(below, nothing) for key, below in value.items()}
        return {
            key: sorted(below) if key in _MATCHERS else below
            for key, below in plain.items()
            if below not in nothing
        }
    return [_plain(each, nothing) for each in value] if isinstance(value, list) else value


def _without_defaults(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A receiver with the fields of its integrations that we write; one more is a difference."""
    return {
        kind: _revealed(projected(found[kind], wanted[kind]), wanted[kind])
        if kind in wanted
        else found[kind]
        for kind in found
        if kind in wanted or kind.endswith("_configs")  # not what newer versions add, as labels
    }


def _revealed(found: Any, wanted: Any) -> Any:
    """What is wanted in the place of what is hidden."""
    if found == _HIDDEN:
        return wanted
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        return {key: _revealed(below, wanted.get(key)) for key, below in found.items()}
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        return [_revealed(*pair) for pair in zip(found, wanted, strict=True)]
    return found
