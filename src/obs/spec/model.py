"""What every model of the spec has in common: unknown fields are errors, values do not change."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """A mapping in a spec file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, str_strip_whitespace=True
    )


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
"""A name that becomes a label value, a file name and a URL part."""

Glob = Annotated[str, Field(min_length=1, max_length=256, examples=["orders-*"])]
"""A shell-style pattern: `*`, `?` and `[…]`."""
