"""The text of a first spec: every line that a newcomer would have to look up has a comment."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from obs.first_spec.draft import Draft, Field, ProposedSlo
from obs.first_spec.yaml_text import comment, flow

_NO_SLOS: Final = """\
# Objectives: what share of minutes or events has to be good.
# slos:
#   - name: orders-on-time
#     service: {service}
#     objective: 99.5                   # percent
#     sli:
#       nats_lag: {{source: main, stream: ORDERS, consumer: worker, max_seconds: 30s}}
"""
_COLUMN: Final = 40
_WIDEST: Final = 100
_REST: Final = """\
outputs:
  web:
    listen: 127.0.0.1:9464              # /metrics and the status page; 0.0.0.0:9464 for others too
state_dir: obs-state                    # counters and error budgets survive a restart here
"""


def spec_text(system: str, drafts: Sequence[Draft], examples: Mapping[str, str]) -> str:
    """A spec with these sources and all that is proposed for them.

    `examples` are comments that show a source, by its kind, for kinds without a draft.
    """
    return (
        "\n".join(
            [
                "# Written by `obs init`. Check it: obs validate; run it: obs collect.",
                "version: 1",
                f"system: {flow(system)}",
                "",
                *_sources(drafts, examples),
                "",
                *_slos(system, drafts),
                _REST,
            ]
        ).rstrip("\n")
        + "\n"
    )


def _sources(drafts: Sequence[Draft], examples: Mapping[str, str]) -> Iterator[str]:
    yield from _with("sources:", "" if drafts else "nothing is watched yet; for example:")
    for kind, of_kind in groupby(drafts, lambda each: each.kind):
        yield f"  {kind}:"
        for draft in of_kind:
            yield from _with(f"    {flow(draft.name)}:", draft.saw)
            for each in draft.fields:
                yield from _field(each)
    known = {each.kind for each in drafts}
    yield from (text for kind, text in examples.items() if kind not in known)


def _field(field: Field) -> Iterator[str]:
    name = f"      {'# ' if field.off else ''}{field.name}:"
    if isinstance(field.value, tuple) and any(isinstance(each, dict) for each in field.value):
        yield from _with(name, field.comment)
        yield from (f"        - {flow(each)}" for each in field.value)
    else:
        yield from _with(f"{name} {flow(field.value)}", field.comment)
    yield from (f"      # {comment(note)}" for note in field.notes)


def _slos(system: str, drafts: Sequence[Draft]) -> Iterator[str]:
    slos = [slo for draft in drafts for slo in draft.slos]
    if not slos:
        yield _NO_SLOS.format(service=flow(system))
        return
    yield "# Proposed from the settings that were found; correct what you promise to others."
    yield "slos:"
    for slo in slos:
        yield from _slo(system, slo)
    yield ""


def _slo(system: str, slo: ProposedSlo) -> Iterator[str]:
    yield f"  - name: {flow(slo.name)}"
    yield f"    service: {flow(system)}"
    yield from _with(f"    objective: {flow(slo.objective)}", "percent")
    if slo.max_objects:
        yield f"    max_objects: {slo.max_objects}"
    yield "    sli:"
    yield f"      # {comment(slo.why)}"
    yield f"      {slo.kind}: {flow(slo.sli)}"


def _with(line: str, words: str) -> Iterator[str]:
    """The line with a comment behind it, or above it where that would be too long."""
    together = f"{line:<{_COLUMN}}# {comment(words)}"
    if not words:
        yield line
    elif len(together) <= _WIDEST and len(line) < _COLUMN:
        yield together
    else:
        yield f"{' ' * (len(line) - len(line.lstrip()))}# {comment(words)}"
        yield line
