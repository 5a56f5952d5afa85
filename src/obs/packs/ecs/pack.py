"""The pack of ECS services."""

from typing import Final

from obs.packs.ecs.alerts import ALERTS
from obs.packs.ecs.metrics import EVERY
from obs.packs.ecs.pages import PAGE
from obs.packs.pack import Pack

PACK: Final = Pack(
    "ECS services",
    "{source: cloud, clusters: [shop]}",
    tuple(each.metric for each in EVERY),
    ALERTS,
    (PAGE,),
)
