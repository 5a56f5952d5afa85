"""Panel types that Grafana 12 does not have, and what to use instead.

Those of Grafana itself were removed; the plugins need AngularJS, which was removed with them.
"""

from typing import Final

SUCCESSORS: Final = {
    "graph": "timeseries",
    "singlestat": "stat",
    "table-old": "table",
    "grafana-singlestat-panel": "stat",
    "grafana-piechart-panel": "piechart",
    "grafana-worldmap-panel": "geomap",
    "natel-discrete-panel": "state-timeline",
    "flant-statusmap-panel": "status-history",
    "marcuscalidus-svg-panel": "canvas",
    "michaeldmoore-multistat-panel": "bargauge",
}
