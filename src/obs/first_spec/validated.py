"""A part of a spec as its model, or what is wrong with what was given for it."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError

from obs.errors import BadInput
from obs.spec.model import Model

ModelT = TypeVar("ModelT", bound=Model)


def validated(model: type[ModelT], fields: Mapping[str, object], where: str) -> ModelT:
    """The model of these fields. Raises BadInput: a line for each mistake."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        lines = [
            f"{where}: {'.'.join(map(str, each['loc'])) + ': ' if each['loc'] else ''}{each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        ]
        raise BadInput("\n".join(dict.fromkeys(lines))) from None
