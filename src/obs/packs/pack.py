"""What a pack is, and how it is found."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import import_module
from importlib.resources import files

from obs.alerts.alert import Alert
from obs.catalogue.metric import Metric
from obs.packs.page import PackPage
from obs.spec.pack_settings import OwnPack, PackSettings
from obs.spec.packs import module_name, settings_of


@dataclass(frozen=True, slots=True)
class Record:
    """A recording rule: the metric, its PromQL, and labels that it adds."""

    metric: Metric
    promql: str
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """The declarations of one pack.

    `metrics` are all that it reads; `needs` are those that Prometheus has to have of every system
    that uses it, each with what exports it. `example` are settings as a spec has them below the
    pack's name, in one line of YAML. `words` are placeholders of its runbooks and what they stand
    for. `records` are rules that are evaluated in this order before its alerts. `about`: what one
    of the user's own watches, in a sentence.
    """

    title: str
    example: str
    metrics: tuple[Metric, ...]
    alerts: tuple[Alert, ...]
    pages: tuple[PackPage, ...]
    needs: tuple[tuple[Metric, str], ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    records: tuple[Record, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a spec says of a pack: the same where the text is the same."""

    name: str
    text: str
    settings: PackSettings = field(compare=False)


def pack_of(name: str, settings: PackSettings) -> Pack:
    """The pack of this name. Raises BadInput for one of the user's own that cannot be read."""
    if isinstance(settings, OwnPack):
        own: Pack = import_module("obs.own_packs.read").read(settings.path)
        return own
    said = _Said(name.replace("-", "_"), settings.model_dump_json(), settings)
    return _fitted(_declared(said), settings.thresholds())


def _fitted(pack: Pack, thresholds: Mapping[str, float | None]) -> Pack:
    """The pack with its alerts at these thresholds, without those whose threshold is None."""
    if not thresholds:
        return pack
    alerts = tuple(
        _at(alert, thresholds.get(alert.name))
        for alert in pack.alerts
        if thresholds.get(alert.name, 0) is not None
    )
    return replace(pack, alerts=alerts)


def _at(alert: Alert, threshold: float | None) -> Alert:
    """The alert at another threshold."""
    if threshold is None:
        return alert
    fields = {
        alert.when.tunable()[side] for side in ("above", "below") if side in alert.when.tunable()
    }
    return replace(alert, when=replace(alert.when, **dict.fromkeys(fields, threshold)))


def built_in(name: str) -> Pack:
    """A pack that comes with obs, as its default settings have it; `name` is that of its folder."""
    settings = settings_of(name).default()
    return _declared(_Said(name, settings.model_dump_json(), settings))


@lru_cache(maxsize=64)
def _declared(said: _Said) -> Pack:
    """The pack, its alerts with their runbooks.

    Its module `pack` has PACK, or `pack(settings)` where the declarations depend on them.
    """
    module = import_module(module_name(said.name, "pack"))
    pack: Pack = module.pack(said.settings) if hasattr(module, "pack") else module.PACK
    folder = files(f"obs.packs.{said.name}") / "runbooks"
    alerts = tuple(
        replace(alert, runbook=_filled((folder / f"{alert.name}.md").read_text("utf-8"), pack))
        for alert in pack.alerts
    )
    return replace(pack, alerts=alerts)


def _filled(runbook: str, pack: Pack) -> str:
    for word, meaning in pack.words:
        runbook = runbook.replace(f"{{{word}}}", meaning)
    return runbook
