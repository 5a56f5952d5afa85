"""The pack of RDS instances."""

from typing import Final

from obs.packs.pack import Pack
from obs.packs.rds.alerts import ALERTS
from obs.packs.rds.metrics import EVERY
from obs.packs.rds.pages import PAGE

PACK: Final = Pack(
    "AWS RDS",
    '{source: cloud, databases: ["shop-*"]}',
    tuple(each.metric for each in EVERY),
    ALERTS,
    (PAGE,),
)
