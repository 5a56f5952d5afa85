"""What alerts compare and panels draw of hosts."""

from typing import Final

from obs.alerts.quantities import (
    Answers,
    Complement,
    Count,
    Forecast,
    Growth,
    Per,
    Percent,
    Rate,
    Rise,
    SecondsSince,
    Skew,
    Sum,
    Times,
    Value,
    equals,
    not_matching,
)
from obs.packs.host import metrics

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
_IDLE: Final = (equals("mode", "idle"),)
_REAL: Final = (
    not_matching("fstype", "tmpfs|ramfs|overlay|squashfs|fuse.*|autofs|nsfs|iso9660", "tmpfs"),
)
_PHYSICAL: Final = (not_matching("device", "lo|veth.*|docker.*|br-.*|cali.*|cni.*|lxc.*", "lo"),)

CPU_USED: Final = Complement(
    100, Times(100, Rate(metrics.CPU_SECONDS, where=_IDLE, across="avg"), "percent")
)
LOAD_PER_CPU: Final = Per(Value(metrics.LOAD), Count(metrics.CPU_SECONDS, where=_IDLE))
MEMORY_USED: Final = Complement(
    100, Percent(Value(metrics.MEMORY_AVAILABLE), Value(metrics.MEMORY_TOTAL))
)
SWAPPED_IN: Final = Rate(metrics.SWAPPED_IN)
OOM_KILLS: Final = Growth(metrics.OOM_KILLS, 600)
_SIZE: Final = Value(metrics.DISK_SIZE, where=_REAL)
DISK_USED: Final = Complement(100, Percent(Value(metrics.DISK_AVAILABLE, where=_REAL), _SIZE))
DISK_USED_TOMORROW: Final = Complement(
    100, Percent(Forecast(metrics.DISK_AVAILABLE, DAY, 6 * HOUR, where=_REAL), _SIZE)
)
INODES_USED: Final = Complement(
    100,
    Percent(Value(metrics.INODES_FREE, where=_REAL), Value(metrics.INODES, where=_REAL)),
)
TURNED_READ_ONLY: Final = Rise(metrics.READ_ONLY, DAY, where=_REAL)
DISK_BUSY: Final = Times(100, Rate(metrics.DISK_BUSY), "percent")
FILES_OPEN: Final = Percent(Value(metrics.FILES_OPEN), Value(metrics.FILES_MOST))
CONNECTIONS_TRACKED: Final = Percent(
    Value(metrics.CONNECTIONS_TRACKED), Value(metrics.CONNECTIONS_MOST)
)
CLOCK_OFF: Final = Skew(metrics.CLOCK)
CLOCK_SYNC: Final = Value(metrics.CLOCK_SYNC, across="min")
CLOCK_ERROR: Final = Value(metrics.CLOCK_ERROR)
PACKETS: Final = Sum(
    Rate(metrics.RECEIVED_PACKETS, where=_PHYSICAL), Rate(metrics.SENT_PACKETS, where=_PHYSICAL)
)
PACKET_ERRORS: Final = Percent(
    Sum(Rate(metrics.RECEIVE_ERRORS, where=_PHYSICAL), Rate(metrics.SEND_ERRORS, where=_PHYSICAL)),
    PACKETS,
)
RECEIVED: Final = Rate(metrics.RECEIVED_BYTES, where=_PHYSICAL)
SENT: Final = Rate(metrics.SENT_BYTES, where=_PHYSICAL)
ANSWERS: Final = Answers(metrics.BOOT_TIME)
BOOTED_ANEW: Final = Rise(metrics.BOOT_TIME, HOUR / 2)
UPTIME: Final = SecondsSince(metrics.BOOT_TIME)
UNIT_FAILED: Final = Value(metrics.UNIT_STATE, where=(equals("state", "failed"),))
