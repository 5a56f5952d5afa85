"""What Sphinx and the theme leave out of pages for those who read by keyboard or screen reader."""

from typing import Final

_REPLACED: Final = (
    # What may have to be scrolled sideways must be reachable by keyboard.
    ("<pre>", '<pre tabindex="0">'),
    ('<div class="table-wrapper ', '<div tabindex="0" class="table-wrapper '),
    ('role="heading">', 'role="heading" aria-level="2">'),
)


def accessible(html: str) -> str:
    """A part of a page with it."""
    for before, after in _REPLACED:
        html = html.replace(before, after)
    return html
