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
        found = error.errors(include_input=False, include_url=False)
        places = [each["loc"] for each in found]
        lines = [
            ": ".join(filter(None, (where, ".".join(map(str, each["loc"])), each["msg"])))
            for each in found
            if not any(_is_within(place, each["loc"]) for place in places)
        ]
        raise BadInput("\n".join(dict.fromkeys(lines))) from None


def _is_within(place: tuple[int | str, ...], whole: tuple[int | str, ...]) -> bool:
    """Whether a place is a part of another, about which pydantic then complains as well."""
    return len(place) > len(whole) > 0 and place[: len(whole)] == whole
