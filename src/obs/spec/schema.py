"""The JSON Schema of spec files, made from the models."""

from typing import Any

from obs.spec.system import System


def json_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **System.model_json_schema()}
