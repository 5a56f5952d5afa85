"""Subjects by which a key-value bucket of JetStream is read and written."""

from typing import Final

API: Final = "$JS.API"


def key_subject(bucket: str, key: str, api: str = API) -> str:
    """Where a value of a key is published; `api` is the prefix of the JetStream API, through which
    an account reaches the bucket of another domain or account."""
    prefix = "" if api == API else f"{api}."
    return f"{prefix}$KV.{bucket}.{key}"


def read_subject(bucket: str, api: str = API) -> str:
    """Where the last value of a key is asked for."""
    return f"{api}.STREAM.MSG.GET.KV_{bucket}"
