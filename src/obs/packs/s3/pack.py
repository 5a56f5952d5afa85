"""The pack of buckets."""

from typing import Final

from obs.packs.pack import Pack
from obs.packs.s3.alerts import ALERTS
from obs.packs.s3.metrics import EVERY
from obs.packs.s3.pages import PAGE

PACK: Final = Pack(
    "S3 buckets",
    "{source: cloud, buckets: [shop-uploads]}",
    tuple(each.metric for each in EVERY),
    ALERTS,
    (PAGE,),
)
