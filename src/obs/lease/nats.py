"""A lease in a key-value bucket of JetStream."""

from typing import Final

from obs.clients.nats_bucket import Bucket, WrongRevision
from obs.clients.nats_session import NatsSession
from obs.lease.store import Conflict, Stored
from obs.spec.ha import Lease

_LARGEST: Final = 256 << 10  # bytes; a server takes four times as many unless told otherwise


class NatsStore:
    """A bucket that exists. The revision of a value is its sequence in the bucket's stream."""

    largest = _LARGEST
    seldom = 0.0

    def __init__(self, bucket: Bucket, name: str) -> None:
        self._bucket = bucket
        self._name = name

    @property
    def where(self) -> str:
        """The bucket."""
        return f"NATS bucket {self._name}"

    def read(self, key: str) -> Stored | None:
        """From the leader of the bucket's stream."""
        found = self._bucket.read(key)
        return None if found is None else Stored(found.value, str(found.revision))

    def write(self, key: str, value: bytes, revision: str | None) -> str:
        """Only in place of this revision."""
        try:
            return str(self._bucket.write(key, value, int(revision or 0)))
        except WrongRevision as error:
            raise Conflict(error.reason, str(error)) from None

    def put(self, key: str, value: bytes) -> None:
        """Whatever the revision."""
        self._bucket.write(key, value)

    def close(self) -> None:
        """Close the connection."""
        self._bucket.close()


def open_store(spec: Lease, limit: float) -> NatsStore:
    """The bucket of the spec; connects when first used. `limit`: seconds of a request."""
    assert spec.nats is not None
    assert spec.connection is not None
    session = NatsSession(spec.connection, "obs lease", timeout=limit)
    bucket = Bucket(session, spec.nats.bucket, spec.connection.api, 2 * limit)
    return NatsStore(bucket, spec.nats.bucket)
