"""The pack of OpenSearch domains."""

from typing import Final

from obs.packs.opensearch.alerts import ALERTS
from obs.packs.opensearch.metrics import EVERY
from obs.packs.opensearch.pages import PAGE
from obs.packs.pack import Pack

PACK: Final = Pack(
    "AWS OpenSearch",
    '{source: cloud, domains: [shop], account: "123456789012", nodes: 3}',
    tuple(each.metric for each in EVERY),
    ALERTS,
    (PAGE,),
)
