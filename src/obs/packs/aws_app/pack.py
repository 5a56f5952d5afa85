"""The packs of an application on AWS; each part has its own metrics, alerts and page."""

from typing import Final

from obs.packs.pack import Pack

PACK: Final = Pack(
    "An application on AWS",
    '{source: cloud, load_balancers: ["app/kb-*"], clusters: [kb], databases: ["kb-*"]}',
    (),
    (),
    (),
)
