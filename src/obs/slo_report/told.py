"""The events of objectives as a collector tells them, running or in its state file."""

from obs.errors import SourceError
from obs.redaction.text import one_line
from obs.slo.history import STEP, History
from obs.slo.spans import Spans
from obs.slo_report.report import Measured
from obs.web.slo_history import SloPast


def measured(past: SloPast) -> Measured:
    """One objective of the document. Raises SourceError where its numbers cannot be true."""
    notes: tuple[str, ...] = ()
    if past.missing_from is not None:
        notes = ("Its past is still being read from the source, so numbers may change.",)
    return Measured(
        one_line(past.name),
        one_line(past.service),
        one_line(past.description),
        one_line(past.sli),
        past.objective_percent,
        _history(past),
        notes,
        one_line(past.window),
        one_line(past.object),
        tuple((one_line(name), one_line(text)) for name, text in sorted(past.labels.items())),
        tuple((one_line(name), one_line(url)) for name, url in sorted(past.links.items())),
    )


def _history(past: SloPast) -> History:
    bad = [0.0] * len(past.total)
    known = past.known_from, past.known_until
    odd = (
        past.step != STEP
        or bool(past.start % STEP)
        or not 0 < past.objective_percent < 100
        or (known[0] is None) != (known[1] is None)
    )
    for step, events in past.bad:
        if 0 <= step < len(bad):
            bad[step] = events
        else:
            odd = True
    if odd or any(not 0 <= some <= total for some, total in zip(bad, past.total, strict=True)):
        raise SourceError("decode", f"SLO {past.name}: the collector tells an odd history")
    maintenance = Spans(past.maintenance)
    return History(past.start, tuple(bad), past.total, *known, past.minutes, maintenance)
