"""The counts and the advice as JSON, for scripts. Durations are seconds, times Unix seconds."""

from collections.abc import Sequence
from typing import Any

from obs.alert_stats.advice import Advice
from obs.alert_stats.stats import Count, Stats

Document = dict[str, Any]


def as_document(found: Stats, advices: Sequence[Advice], notes: Sequence[str]) -> Document:
    """The whole report; what nothing tells is null."""
    history, budget = found.history, found.budget
    return {
        "start": history.start,
        "end": history.end,
        "resolution_seconds": history.step,
        "known": None if history.known is None else [list(span) for span in history.known],
        "known_seconds": None if history.known is None else history.known_seconds,
        "notes": list(notes),
        "pages": {
            "count": budget.pages,
            "budget_per_week": budget.pages_per_week,
            "allowed": budget.allowed,
            "worst_week": budget.worst_week,
            "within_budget": None if budget.allowed is None else not budget.is_over,
        },
        "alerts": [
            {
                "alert": each.name,
                "severity": each.severity,
                "in_spec": each.is_in_spec,
                "conditions": each.conditions,
                **_count(each.count),
            }
            for each in found.alerts
        ],
        "severities": {name: _count(count) for name, count in found.severities.items()},
        "objects": [
            {"alert": each.alert, "object": dict(each.object), **_count(each.count, objects=False)}
            for each in found.objects
        ],
        "never_fired": list(found.never),
        "notifications": [
            {
                "at": each.at,
                "severity": each.severity,
                "alerts": list(each.alerts),
                "group": dict(each.group),
                "page": each.is_page,
                "first": each.is_first,
            }
            for each in found.sent
        ],
        "advice": [
            {
                "kind": each.kind,
                "alerts": list(each.alerts),
                "text": each.text,
                "avoids": each.avoids,
                "setting": each.setting or None,
            }
            for each in advices
        ],
    }


def _count(count: Count, *, objects: bool = True) -> Document:
    """The fields of a count; those that an object shares with its alert's groups only there."""
    own: Document = {
        "fired": count.fired,
        "total_seconds": count.seconds,
        "median_seconds": count.median,
        "longest_seconds": count.longest,
        "share": count.share,
        "flaps": count.flaps,
        "outside_working_hours": count.off_hours,
        "in_quiet_hours": count.quiet,
        "inhibited": count.inhibited,
        "silenced": count.silenced,
        "open": count.open,
    }
    if not objects:
        return own
    return {
        **own,
        "objects": count.objects,
        "pages": count.pages,
        "notifications": count.notifications,
    }
