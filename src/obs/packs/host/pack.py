"""The pack of hosts."""

from typing import Final

from obs.catalogue.foreign import UP
from obs.packs.host import metrics
from obs.packs.host.alerts import ALERTS
from obs.packs.host.pages import PAGE
from obs.packs.pack import Pack

_EXPORTER: Final = "node_exporter"

PACK: Final = Pack(
    "Hosts",
    "{where: {job: node}}",
    (
        *(metrics.CPU_SECONDS, metrics.LOAD, metrics.BOOT_TIME, UP),
        *(metrics.MEMORY_AVAILABLE, metrics.MEMORY_TOTAL, metrics.SWAPPED_IN, metrics.OOM_KILLS),
        *(metrics.DISK_AVAILABLE, metrics.DISK_SIZE, metrics.INODES_FREE, metrics.INODES),
        *(metrics.READ_ONLY, metrics.DISK_BUSY, metrics.FILES_OPEN, metrics.FILES_MOST),
        *(metrics.CONNECTIONS_TRACKED, metrics.CONNECTIONS_MOST),
        *(metrics.CLOCK, metrics.CLOCK_SYNC, metrics.CLOCK_ERROR),
        *(metrics.RECEIVED_PACKETS, metrics.SENT_PACKETS, metrics.RECEIVED_BYTES),
        *(metrics.SENT_BYTES, metrics.RECEIVE_ERRORS, metrics.SEND_ERRORS, metrics.UNIT_STATE),
    ),
    ALERTS,
    (PAGE,),
    ((metrics.CPU_SECONDS, _EXPORTER), (metrics.DISK_SIZE, _EXPORTER)),
)
