"""Exporters that the tests of all packs share, each started by the first that asks for it.

Fixtures of the folder (see conftest.py): imported into a module they would be started once more.
"""

from collections.abc import Iterator

import pytest

from tests.integration.pack_services import exporters
from tests.integration.pack_services.exporters import Exporter

MAX_CONNECTIONS = 20
MAX_MEMORY = 2 * 1024 * 1024


@pytest.fixture(scope="session")
def node_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """This machine's node_exporter."""
    if not exporters.NODE_EXPORTER:
        pytest.skip("no node_exporter is installed")
    with exporters.node_exporter(tmp_path_factory.mktemp("node")) as running:
        yield running


@pytest.fixture(scope="session")
def redis_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """A Redis server with room for MAX_MEMORY bytes, and its exporter."""
    if not exporters.REDIS or not exporters.REDIS_EXPORTER:
        pytest.skip("no Redis or no redis_exporter is installed")
    folder, limit = tmp_path_factory.mktemp("redis"), ("--maxmemory", str(MAX_MEMORY))
    with exporters.redis_exporter(folder, *limit) as running:
        yield running


@pytest.fixture(scope="session")
def postgres_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """A PostgreSQL server for MAX_CONNECTIONS connections, and its exporter."""
    if not exporters.POSTGRES or not exporters.POSTGRES_EXPORTER:
        pytest.skip("no PostgreSQL or no postgres_exporter is installed")
    folder, limit = tmp_path_factory.mktemp("postgres"), f"max_connections={MAX_CONNECTIONS}"
    with exporters.postgres_exporter(folder, "-c", limit) as running:
        yield running
