"""Streams that hold the values of a KV bucket or the objects of an object store bucket."""

from collections.abc import Collection
from typing import Final

from obs.snapshot.assets import Bucket

_KV: Final = "KV_"
_OBJECTS: Final = "OBJ_"


def bucket_of(stream: str, subjects: Collection[str], *, mirrors: bool) -> Bucket | None:
    """The bucket that a stream holds, if it does: by its name, as clients find it, and by the
    subjects that go with the name, of which the mirror of a bucket has none."""
    if stream.startswith(_KV):
        bucket = Bucket("kv", stream.removeprefix(_KV))
        subject = f"$KV.{bucket.name}.>"
    elif stream.startswith(_OBJECTS):
        bucket = Bucket("objects", stream.removeprefix(_OBJECTS))
        subject = f"$O.{bucket.name}.M.>"
    else:
        return None
    return bucket if bucket.name and (mirrors or subject in subjects) else None
