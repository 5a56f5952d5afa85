"""Real processes on loopback, one for each test that asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from obs.sandbox.nats_server import NatsCluster, NatsServer
from tests.integration.certificates import Certificates, make_certificates
from tests.integration.pack_services.fixtures import node_rig, postgres_rig, redis_rig

__all__ = ["node_rig", "postgres_rig", "redis_rig"]


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A single server without accounts."""
    with NatsServer(tmp_path / "nats") as server:
        yield server


@pytest.fixture
def nats_cluster(tmp_path: Path) -> Iterator[NatsCluster]:
    """Three servers."""
    with NatsCluster(tmp_path / "nats") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority of our own, with a server's and a client's certificate."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))
