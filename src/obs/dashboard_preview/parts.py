"""The optional packages that the preview needs."""

from importlib.util import find_spec
from pathlib import Path

from obs.errors import BadInput


def plotly_script() -> Path:
    """The script of the package plotly. Raises BadInput where a package is missing."""
    plotly, markdown = find_spec("plotly"), find_spec("markdown_it")
    if plotly is None or plotly.origin is None or markdown is None:
        raise BadInput("the preview is not installed: pip install 'obs-events[preview]'")
    return Path(plotly.origin).parent / "package_data" / "plotly.min.js"
