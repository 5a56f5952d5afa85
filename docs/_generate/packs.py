"""A page for each pack: settings, metrics that it reads, alerts, dashboards."""

from docs._generate import alerts, dashboards, fields, metrics
from docs._generate.alert_rules import with_pack
from docs._generate.markdown import block, joined, table, words
from obs.packs.pack import built_in
from obs.spec.packs import about, pack_names, shown


def pages() -> dict[str, str]:
    """The pages of all packs that come with obs."""
    return {
        "packs/index": _index(),
        **{f"packs/{shown(name)}": _pack(name) for name in pack_names()},
    }


def _index() -> str:
    rows = ((f"[{shown(name)}]({shown(name)}.md)", words(about(name))) for name in pack_names())
    return joined(
        "# Packs, one by one",
        "[Packs](../../packs/README.md) explains what a pack is and how to write your own. "
        "`obs packs show NAME` prints the same as these pages.",
        "```{toctree}\n:hidden:\n:glob:\n\n*\n```",
        table(("pack", "watches"), rows),
    )


def _pack(name: str) -> str:
    pack = built_in(name)
    return joined(
        f"# Pack: {shown(name)}",
        words(about(name)),
        block(f"packs:\n  {shown(name)}: {pack.example}", "yaml"),
        "## Settings",
        fields.settings(name),
        "## Metrics that it reads" if pack.metrics else "",
        metrics.entries(pack.metrics, name),
        "## Alerts" if pack.alerts else "",
        alerts.overview(pack.alerts) if pack.alerts else "",
        *(alerts.section(alert, with_pack(name)) for alert in pack.alerts),
        "## Dashboards" if pack.pages else "",
        *(dashboards.of_pack(name) if pack.pages else ()),
    )
