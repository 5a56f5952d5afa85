"""What `obs collect --dry-run` prints."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from obs.cli.arguments import chosen_spec, source_kinds
from obs.cli.output import json_text, table
from obs.errors import DONE, UNAVAILABLE

if TYPE_CHECKING:
    from obs.collector.shard_sizes import ShardSizes
    from obs.sources.kind import SourceCost
    from obs.spec.system import System


def dry_run(system: "System", arguments: argparse.Namespace) -> int:
    """Print what the collector would cost and, with --shard, how large each shard would be."""
    from obs.collector.costs import estimate_costs

    costs = estimate_costs(system, source_kinds(arguments))
    dollars = sum(cost.estimate.dollars for cost in costs)
    shards = _shards(system, arguments) if system.share.shard else None
    if arguments.format == "json":
        facts = {"dollars_per_month": dollars, "sources": [_cost_facts(c) for c in costs]}
        print(json_text(facts | (_shard_facts(shards) if shards else {})))
    else:
        if shards:
            print("\n".join(_shard_lines(shards, system)), end="\n\n")
        print("\n".join(_cost_lines(costs, dollars)))
    unknown = shards.errors if shards else ()
    return UNAVAILABLE if unknown or any(cost.error for cost in costs) else DONE


def _shards(system: "System", arguments: argparse.Namespace) -> "ShardSizes":
    from obs.collector.shard_sizes import shard_sizes

    return shard_sizes(chosen_spec(arguments).system, system.share, source_kinds(arguments))


def _shard_facts(shards: "ShardSizes") -> dict[str, object]:
    return {"shards": [asdict(each) for each in shards.sizes], "errors": list(shards.errors)}


def _shard_lines(shards: "ShardSizes", system: "System") -> Iterator[str]:
    mine = system.share.shard
    assert mine is not None
    kinds = sorted({kind for each in shards.sizes for kind in each.objects})
    rows = [("shard", *(f"{kind}s" for kind in kinds), "SLOs", "series, about")]
    for each in shards.sizes:
        numbers = (each.objects.get(kind, 0) for kind in kinds)
        mark = " ←" if each.shard == mine.number else ""
        counts = (f"{number:,}" for number in (*numbers, each.slos, each.series))
        rows.append((f"{each.shard}/{mine.of}{mark}", *counts))
    yield table(rows)
    yield from (f"  cannot be counted: {error}" for error in shards.errors)
    if shards.slos_of_each:
        yield f"  · SLOs for each object, which every shard has for its own: {shards.slos_of_each}"


def _cost_facts(cost: "SourceCost") -> dict[str, object]:
    return {
        "source": cost.source,
        "dollars_per_month": cost.estimate.dollars,
        "monthly_budget_dollars": cost.budget,
        "lines": [asdict(line) for line in cost.estimate.lines],
        "assumptions": list(cost.estimate.assumptions),
        "error": str(cost.error) if cost.error else None,
    }


def _cost_lines(costs: "Sequence[SourceCost]", dollars: float) -> Iterator[str]:
    if not costs:
        from obs.collector.costs import paid_kinds

        yield f"No {' or '.join(paid_kinds())} source is polled, so there is no cost."
        return
    for cost in costs:
        yield f"{cost.words} source {cost.source}"
        if cost.error:
            yield f"  cannot list its resources: {cost.error}"
        rows = [
            ("a month", "units", "dollars"),
            *((x.what, f"{x.units:,.0f}", f"${x.dollars:,.2f}") for x in cost.estimate.lines),
        ]
        yield table(rows, indent=2)
        if cost.budget is not None and cost.estimate.dollars > cost.budget:
            yield f"  exceeds {cost.budget_words}: this source is not polled"
        yield from (f"  · {assumption}" for assumption in cost.estimate.assumptions)
    about = "At least" if any(cost.error for cost in costs) else "About"
    yield f"{about} ${dollars:,.2f} a month. The estimate itself is free of charge."
