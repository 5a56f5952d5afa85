"""Makes the pictures of the documentation from the demo, in headless Chromium.

make docs-pictures        # about four minutes; needs Chromium and Prometheus
"""

import asyncio
import base64
import contextlib
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from docs._generate.dashboards import PICTURES
from obs.dashboards.build import boards
from obs.ids import dashboard_uid
from obs.spec.load import load
from tests.integration.chromium import Page, chromium

_ROOT: Final = Path(__file__).parents[2]
_DEMO: Final = _ROOT / "src" / "obs" / "sandbox" / "demo.yaml"
_FAULTS: Final = ("consumer-stalled", "target-failing")
_DATA_SECONDS: Final = float(os.environ.get("OBS_PICTURES_AFTER", "200"))
"""How long the demo runs before the pictures: lines need some length."""
_SECONDS: Final = 60
_CHOSEN: Final = {"consumer": "&var-stream=OMS_EVENTS&var-consumer=oms-processor"}
_VARIABLES: Final = (
    *("OBS_DEMO_STATE", "OBS_DEMO_NATS_URL", "OBS_DEMO_NATS_PASSWORD", "OBS_DEMO_LISTEN"),
    *("OBS_DEMO_NATS_MONITOR", "OBS_DEMO_AWS_ENDPOINT"),
)


async def main() -> None:
    """Write a picture of the status page, and one of each dashboard."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    faults = [word for fault in _FAULTS for word in ("--fault", fault)]
    async with _command("Prometheus   (http\\S+)", "demo", "--port", "0", *faults) as demo:
        page_url = re.findall(r"Status page  (http\S+)", demo)[0]
        prometheus = re.findall(r"Prometheus   (http\S+)", demo)[0]
        print(f"the demo runs; waiting {_DATA_SECONDS:g} s for data", flush=True)
        await asyncio.sleep(_DATA_SECONDS)
        wanted = ("--spec", str(_DEMO), "--prometheus", prometheus, "--port", "0", "--scrape", "5s")
        async with (
            _command("Ctrl-C", "dashboards", "preview", *wanted) as preview,
            chromium() as browser,
        ):
            page = await browser.new_page()
            await page.call("Emulation.setScrollbarsHidden", hidden=True)
            await page.show(page_url, width=1200, height=1000)
            await page.wait_for("document.body.innerText.includes('oms-processor')")
            await _save(page, PICTURES.parent / "status-page.webp", 1200, 1000)
            for name, uid in _pages():
                url = re.findall(r"Dashboards   (http\S+)", preview)[0]
                chosen = _CHOSEN.get(name, "")
                await page.show(
                    f"{url}d/{uid}?from=now-5m&to=now&theme=light{chosen}", width=1200, height=1000
                )
                await page.wait_for("document.body.dataset.state === 'done'")
                await _save(page, PICTURES / f"{name}.webp", 1200, 1000)


def _pages() -> Iterator[tuple[str, str]]:
    """The dashboards of the demo: page and uid."""
    system = load([_DEMO], variables=_variables())
    for board in boards(system):
        yield board.page, dashboard_uid(system.known_as, board.page)


def _variables() -> dict[str, str]:
    addresses = dict.fromkeys(_VARIABLES, "http://127.0.0.1:1")
    nats = {"OBS_DEMO_NATS_URL": "nats://127.0.0.1:1", "OBS_DEMO_LISTEN": "127.0.0.1:1"}
    return {**addresses, **nats, "OBS_DEMO_STATE": "state"}


async def _save(page: Page, file: Path, width: int, height: int) -> None:
    answer = await page.call(
        "Page.captureScreenshot",
        format="webp",
        quality=75,
        clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1},
    )
    file.write_bytes(base64.b64decode(answer["data"]))
    print(f"{file.relative_to(_ROOT)}: {file.stat().st_size // 1024} KB", flush=True)


@contextlib.asynccontextmanager
async def _command(until: str, *arguments: str) -> AsyncIterator[str]:
    """A command of obs while the block runs: what it printed until this appeared."""
    with tempfile.TemporaryFile("w+") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "obs", *arguments),
            stdout=output,
            env={**os.environ, **_variables()},
            start_new_session=True,
        )
        try:
            yield await asyncio.wait_for(_printed(process, output.fileno(), until), _SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            await process.wait()


async def _printed(process: asyncio.subprocess.Process, file: int, until: str) -> str:
    while True:
        said = os.pread(file, 100_000, 0).decode()
        if re.search(until, said):
            return said
        if process.returncode is not None:
            raise SystemExit(f"it ended: {said}")
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    asyncio.run(main())
