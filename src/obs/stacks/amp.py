"""Amazon Managed Service for Prometheus: one namespace for each rule file, owned by its tag."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from obs.alerts.writers import amp
from obs.artifacts import yaml_text
from obs.errors import BadInput, SourceError
from obs.spec.aws import AwsSource
from obs.spec.stacks import AmpStack
from obs.spec.system import System
from obs.stacks.aws import OWNER, Calls, Session, session
from obs.stacks.plan import Action, PlanStep, Present, Wanted, changing_steps, plan
from obs.stacks.rules import owner, rule_documents
from obs.stacks.stack import Done

KIND: Final = "rule groups namespace"
_BUSY: Final = frozenset(("CREATING", "UPDATING"))
_PAUSE: Final = 1.0  # seconds
_MAX_LOOKS: Final = 120


class Amp:
    """The rule groups namespaces of one system in one workspace."""

    def __init__(
        self,
        system: System,
        stack: AmpStack,
        *,
        opened: Session | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        documents = rule_documents(system, recording=stack.recording, most_bytes=amp.MOST_BYTES)
        self._texts = {
            amp.namespace_name(name, system): yaml_text(each) for name, each in documents.items()
        }
        for name, text in self._texts.items():
            if len(text.encode()) > amp.LARGEST:
                raise BadInput(f"--target amp: {name} is larger than the 1 MB that AWS accepts")
        self._stack = stack
        self._owner = owner(system)
        self._calls = Calls(opened or session(_account(stack)), pause)
        self._pause = pause

    @property
    def where(self) -> str:
        """The workspace and its region."""
        return f"{self._stack.workspace} in {self._stack.region}"

    def plan(self) -> tuple[PlanStep, ...]:
        """One step for each namespace."""
        there = []
        for page in self._call_pages("ListRuleGroupsNamespaces"):
            for each in page["ruleGroupsNamespaces"]:
                mine = each.get("tags", {}).get(OWNER) == self._owner
                if each["name"] in self._texts or mine:
                    there.append(self._present(each["name"], mine))
        return plan([Wanted(KIND, name, text) for name, text in self._texts.items()], there)

    def apply(self, steps: Sequence[PlanStep], done: Done) -> None:
        """One request for each namespace, then wait until AWS has validated its rules."""
        for step in changing_steps(steps):
            if step.action is Action.DELETE:
                self._call("DeleteRuleGroupsNamespace", name=step.name)
            else:
                self._put(step)
            done(step)

    def close(self) -> None:
        """Close the connections."""
        self._calls.close()

    def _present(self, name: str, mine: bool) -> Present:
        if not mine:
            why = f"has no tag {OWNER}={self._owner}; delete it, or rename the system"
            return Present(KIND, name, "", why)
        found = self._when_settled(name)
        status = found["status"]["statusCode"]
        text = found["data"].decode(errors="replace")
        return Present(KIND, name, text if status == "ACTIVE" else f"{status}\n{text}")

    def _put(self, step: PlanStep) -> None:
        data = self._texts[step.name].encode()
        if step.action is Action.CREATE:
            tags = {OWNER: self._owner}
            self._call("CreateRuleGroupsNamespace", name=step.name, data=data, tags=tags)
        else:
            self._call("PutRuleGroupsNamespace", name=step.name, data=data)
        status = self._when_settled(step.name)["status"]
        if status["statusCode"] != "ACTIVE":
            message = f"{step.name}: {status['statusCode']}: {status.get('statusReason', '')}"
            raise SourceError("http_status", message)

    def _when_settled(self, name: str) -> dict[str, Any]:
        """The namespace, once AWS has finished creating or updating it."""
        for _ in range(_MAX_LOOKS):
            answer = self._call("DescribeRuleGroupsNamespace", name=name)
            found: dict[str, Any] = answer["ruleGroupsNamespace"]
            if found["status"]["statusCode"] not in _BUSY:
                return found
            self._pause(_PAUSE)
        raise SourceError("timeout", f"{name}: AWS has not finished after {_MAX_LOOKS} s")

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return self._calls("amp", operation, workspaceId=self._stack.workspace, **parameters)

    def _call_pages(self, operation: str) -> list[dict[str, Any]]:
        return list(self._calls.pages("amp", operation, workspaceId=self._stack.workspace))


def _account(stack: AmpStack) -> AwsSource:
    return AwsSource(
        region=stack.region,
        profile=stack.profile,
        role_arn=stack.role_arn,
        endpoint_url=stack.endpoint_url,
        allow_plaintext=stack.allow_plaintext,
    )
