"""A sandbox ends, whatever its parts do."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from obs.sandbox import oms
from obs.sandbox.oms import Sandbox


def test_a_sandbox_that_was_not_started_has_started_nothing(tmp_path: Path) -> None:
    Sandbox(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_traffic_that_loses_a_cancellation_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(oms, "_CANCEL_AGAIN_SECONDS", 0.01)

    async def deaf() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await asyncio.wait_for(oms._cancel(task), 5)
    assert task.cancelled()
