"""All generated pages."""

from docs._generate import (
    alerts,
    commands,
    dashboards,
    fields,
    lists,
    metrics,
    packs,
    project,
    rights,
)


def pages() -> dict[str, str]:
    """Markdown by path below `docs/reference`, without the suffix."""
    found: dict[str, str] = {}
    for module in (fields, metrics, alerts, dashboards, packs, commands, rights, lists, project):
        found |= module.pages()
    return found
