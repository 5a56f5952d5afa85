"""Faults are found by name, and end as they began."""

import random
from types import SimpleNamespace
from typing import cast

import pytest

from obs.errors import BadInput
from obs.sandbox.aws_traffic import OBJECT_RULE
from obs.sandbox.faults import FAULTS, find_fault
from obs.sandbox.oms import Sandbox
from obs.sandbox.oms_streams import AUDIT, PROCESSOR, SEARCH_INDEXER
from obs.sandbox.traffic import Publisher, Worker, WorkerFault


class FakeSandbox:
    """What the faults act on; `facts` tells all of it."""

    def __init__(self) -> None:
        self.workers = {
            name: Worker(name, per_second=1, slow_per_second=1)
            for name in (PROCESSOR, AUDIT, SEARCH_INDEXER)
        }
        self.publisher = Publisher(random.Random(1))
        self.failing: set[tuple[str, float]] = set()
        self.rules = SimpleNamespace(
            start_failing=lambda rule, share: self.failing.add((rule, share)),
            stop_failing=lambda rule, share: self.failing.discard((rule, share)),
            empty_queue=lambda: None,
        )
        self.services = SimpleNamespace(failing_share=0.0)
        self.down: set[str] = set()

    async def stop_nats(self) -> None:
        self.down.add("nats")

    async def start_nats(self) -> None:
        self.down.discard("nats")

    def throttle_aws(self) -> None:
        self.down.add("aws")

    def restore_aws(self) -> None:
        self.down.discard("aws")

    def as_sandbox(self) -> Sandbox:
        return cast("Sandbox", self)

    def facts(self) -> dict[str, object]:
        faults = {name: worker.fault for name, worker in self.workers.items()}
        return {
            **{name: fault for name, fault in faults.items() if fault},
            **({"poison": self.publisher.poison_share} if self.publisher.poison_share else {}),
            **dict(self.failing),
            **({"function": share} if (share := self.services.failing_share) else {}),
            **dict.fromkeys(self.down, "down"),
        }


EFFECTS: dict[str, dict[str, object]] = {
    "consumer-stopped": {PROCESSOR: WorkerFault.STOPPED},
    "consumer-stalled": {AUDIT: WorkerFault.STALLED},
    "slow-consumer": {SEARCH_INDEXER: WorkerFault.SLOW},
    "poison-message": {"poison": 0.05},
    "target-failing": {OBJECT_RULE: 0.4},
    "function-failing": {"function": 0.3},
    "nats-down": {"nats": "down"},
    "aws-throttled": {"aws": "down"},
}
"""What each fault does, in the order of the list."""
NAMES = tuple(EFFECTS)


def test_the_faults_are_those_that_are_documented() -> None:
    assert tuple(fault.name for fault in FAULTS) == NAMES


@pytest.mark.parametrize("name", NAMES)
async def test_a_fault_does_one_thing_and_its_stop_undoes_it_however_often_they_are_called(
    name: str,
) -> None:
    sandbox, fault = FakeSandbox(), find_fault(name)
    for _ in range(2):
        await fault.start(sandbox.as_sandbox())
        assert sandbox.facts() == EFFECTS[name]
    for _ in range(2):
        await fault.stop(sandbox.as_sandbox())
        assert sandbox.facts() == {}


async def test_all_faults_can_be_on_at_the_same_time() -> None:
    sandbox = FakeSandbox()
    for fault in FAULTS:
        await fault.start(sandbox.as_sandbox())
    assert sandbox.facts() == {key: value for one in EFFECTS.values() for key, value in one.items()}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nats-don", "--fault nats-don: unknown fault; did you mean nats-down?"),
        ("zzz", f"--fault zzz: unknown fault; choose from {', '.join(NAMES)}"),
    ],
)
def test_a_fault_that_is_not_there_is_answered_with_what_is(name: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        find_fault(name)
    assert str(caught.value) == said
