"""The packs that a spec uses. Each folder of `obs.packs` is one, with the settings that it has."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any, Final, Self

from pydantic import Field, create_model, model_validator

from obs.spec.model import Model, Name, wrong
from obs.spec.pack_settings import OwnPack, PackSettings
from obs.spec.slos import Slo
from obs.spec.tree import Path

_HOME: Final = "obs.packs"


@cache
def pack_names() -> tuple[str, ...]:
    """The names of the packs that come with obs, in alphabetical order: `cloud-run`."""
    home = find_spec(_HOME)
    folders = home.submodule_search_locations if home else None
    return tuple(sorted(module.name for module in iter_modules(folders) if module.ispkg))


def module_name(pack: str, part: str) -> str:
    """The full name of a module of a pack that comes with obs."""
    return f"{_HOME}.{pack}.{part}"


def settings_of(pack: str) -> type[PackSettings]:
    """The model of a pack's settings."""
    name = module_name(pack, "settings")
    if find_spec(name) is None:
        return PackSettings
    model: type[PackSettings] = import_module(name).SETTINGS
    return model


class _Packs(Model):
    """Packs in use, by name; each with its settings."""

    own: dict[Name, OwnPack] = {}
    """Packs of your own, by name."""

    def used(self) -> Iterator[tuple[str, PackSettings]]:
        """The name and settings of each pack in use, those of obs first."""
        for name in pack_names():
            settings = getattr(self, name)
            if settings is not None:
                yield from (settings.stands_for() or {shown(name): settings}).items()
        yield from self.own.items()

    @model_validator(mode="after")
    def _each_is_used_once(self) -> Self:
        for name in pack_names():
            settings = getattr(self, name)
            for each in settings.stands_for() if settings is not None else ():
                if getattr(self, each.replace("-", "_")) is not None:
                    raise wrong(f"{shown(name)} has it too; write it in one of the two", each)
        return self

    def slos(self) -> Iterator[tuple[Path, Slo]]:
        """The SLOs that packs add, each with the place of its pack. Raises as `objectives`."""
        for name, settings in self.used():
            home = ("own", name) if isinstance(settings, OwnPack) else (name,)
            yield from ((("packs", *home), slo) for slo in settings.objectives())


def shown(name: str) -> str:
    """A pack's name as a spec and a command write it: `cloud-run`."""
    return name.replace("_", "-")


def _fields() -> dict[str, Any]:
    return {
        name: (
            settings_of(name) | None,
            Field(default=None, alias=shown(name), description=about(name)),
        )
        for name in pack_names()
    }


def about(pack: str) -> str:
    """What the pack is for: the first line of its folder's docstring."""
    return (import_module(f"{_HOME}.{pack}").__doc__ or "").partition("\n")[0]


Packs: Final[type[_Packs]] = create_model(
    "Packs", __base__=_Packs, __doc__=_Packs.__doc__, **_fields()
)
