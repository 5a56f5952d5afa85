"""The optional packages that the preview needs."""

from importlib.util import find_spec
from pathlib import Path

from obs.extras import MissingExtra, require_extra


def plotly_script() -> Path:
    """The script of the package plotly. Raises MissingExtra where a package is missing."""
    require_extra("preview", "obs dashboards preview")
    plotly = find_spec("plotly")
    if plotly is None or plotly.origin is None:
        raise MissingExtra("preview", "obs dashboards preview")
    return Path(plotly.origin).parent / "package_data" / "plotly.min.js"
