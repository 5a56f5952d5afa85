"""The pack of application load balancers."""

from typing import Final

from obs.packs.alb.alerts import ALERTS
from obs.packs.alb.metrics import OF_BALANCERS, OF_GROUPS
from obs.packs.alb.pages import PAGE
from obs.packs.pack import Pack

PACK: Final = Pack(
    "AWS load balancers",
    '{source: cloud, load_balancers: ["app/shop-*"]}',
    tuple(each.metric for each in (*OF_BALANCERS, *OF_GROUPS)),
    ALERTS,
    (PAGE,),
)
