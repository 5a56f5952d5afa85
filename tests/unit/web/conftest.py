"""A web server of a site that a test fills."""

from collections.abc import AsyncIterator

import pytest

from obs.web.server import Server, serve
from tests.unit.web.stub_site import StubSite


@pytest.fixture
def site() -> StubSite:
    return StubSite()


@pytest.fixture
async def server(site: StubSite) -> AsyncIterator[Server]:
    running = await serve(site, "127.0.0.1:0")
    yield running
    await running.close()
