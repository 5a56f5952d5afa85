"""The course of each quantity as an SVG."""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from tests.soak.measured import Sample, Verdict

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 900, 110, 70, 52, 34  # pixels
_GOOD, _BAD, _GREY = "#2b6cb0", "#c53030", "#718096"
_STYLE: Final = "font-family:sans-serif;font-size:12px"


def svg(samples: Sequence[Sample], verdicts: Sequence[Verdict], title: str) -> str:
    """One plot a quantity, under each other; the first quarter, which is not judged, is grey."""
    height = _TOP + len(verdicts) * (_HEIGHT + _GAP)
    width = _WIDTH + _LEFT + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'style="{_STYLE};background:white">',
        f"<title>{escape(title)}</title>",
        f'<text x="{_LEFT}" y="20" font-size="14">{escape(title)}</text>',
    ]
    for number, verdict in enumerate(verdicts):
        course = [sample.values[number] for sample in samples]
        parts += _plot(samples, course, verdict, _TOP + number * (_HEIGHT + _GAP))
    return "\n".join([*parts, "</svg>\n"])


def _plot(
    samples: Sequence[Sample], course: Sequence[float], verdict: Verdict, top: int
) -> list[str]:
    quantity = verdict.quantity
    hours = samples[-1].at / 3600
    most = max(*course, verdict.limit) * 1.05 or 1.0

    def x(at: float) -> float:
        return _LEFT + _WIDTH * at / samples[-1].at

    def y(value: float) -> float:
        return top + _HEIGHT * (1 - value / most)

    points = " ".join(
        f"{x(sample.at):.1f},{y(value):.1f}" for sample, value in zip(samples, course, strict=True)
    )
    quarter = x(samples[len(samples) // 4].at)
    name = f"{quantity.name} {quantity.unit}".strip()
    said = "flat" if verdict.flat else "grows"
    bottom = top + _HEIGHT
    return [
        f'<text x="{_LEFT}" y="{top - 6}">{escape(name)}: {verdict.begin:,.4g} → '
        f"{verdict.end:,.4g}, {said}</text>",
        f'<rect x="{_LEFT}" y="{top}" width="{quarter - _LEFT:.1f}" height="{_HEIGHT}" '
        'fill="#edf2f7"/>',
        f'<path d="M{_LEFT},{top}V{bottom}H{_LEFT + _WIDTH}" fill="none" stroke="{_GREY}"/>',
        f'<text x="{_LEFT - 6}" y="{top + 10}" text-anchor="end" fill="{_GREY}">{most:,.4g}</text>',
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end" fill="{_GREY}">0</text>',
        f'<text x="{_LEFT + _WIDTH}" y="{bottom + 14}" text-anchor="end" fill="{_GREY}">'
        f"{hours:g} h</text>",
        f'<path d="M{_LEFT},{y(verdict.limit):.1f}H{_LEFT + _WIDTH}" stroke="{_BAD}" '
        'stroke-dasharray="4 4"/>',
        f'<polyline points="{points}" fill="none" stroke-width="1.5" '
        f'stroke="{_GOOD if verdict.flat else _BAD}"/>',
    ]
