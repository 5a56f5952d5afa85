"""The JSON Schema of packs in YAML, for completion in editors."""

from typing import Any

from obs.own_packs.model import PackFile
from obs.spec.schema import described_schema


def pack_schema() -> dict[str, Any]:
    """The JSON Schema, draft 2020-12."""
    return {**described_schema(PackFile), "title": "obs pack"}
