"""Claims of slots, so that of several collectors one publishes a slot's event."""

from obs.clients.nats_bucket import Bucket, WrongRevision


class Claims:
    """The claims of one canary: the value of a key is the slot that was claimed last."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        self._bucket = bucket
        self._key = key

    def is_ours(self, claim: str) -> bool:
        """Whether nobody has claimed it before. Raises SourceError."""
        found = self._bucket.read(self._key)
        if found is not None and found.value == claim.encode():
            return False
        try:
            self._bucket.write(self._key, claim.encode(), found.revision if found else 0)
        except WrongRevision:
            return False  # another collector was faster, by a moment
        return True

    def close(self) -> None:
        """Close the connection."""
        self._bucket.close()
