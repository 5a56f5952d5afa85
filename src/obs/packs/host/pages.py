"""The page of hosts."""

from typing import Final

from obs.packs.host import metrics, quantities
from obs.packs.host.metrics import FILESYSTEM, HOST, INTERFACE, UNIT
from obs.packs.page import Line, Lines, PackPage, Row, Stat

_ABSENT: Final = "Not collected here"
_IN: Final = Line(quantities.RECEIVED, "in")
_OUT: Final = Line(quantities.SENT, "out")

PAGE: Final = PackPage(
    "host",
    "Hosts",
    "Do the hosts answer, and do they have CPU, memory and disk space left?",
    [("instance", metrics.BOOT_TIME)],
    HOST,
    [
        Stat("down", "Down", quantities.ANSWERS, "Hosts that do not answer.", below=1),
        Stat("cpu_now", "Busiest host", quantities.CPU_USED, "CPU time used by the busiest host."),
        Stat("memory_now", "Fullest memory", quantities.MEMORY_USED, "The highest of all hosts."),
        Stat("disk_now", "Fullest disk", quantities.DISK_USED, "The fullest of all file systems."),
        Stat("clock_now", "Clock furthest off", quantities.CLOCK_OFF, "The worst of all clocks."),
        Stat("youngest", "Last boot", quantities.UPTIME, "How long ago a host booted.", "min"),
    ],
    [
        Row(
            "CPU and memory",
            [
                Lines("cpu", "CPU used"),
                Lines("load", "Load for each CPU"),
                Lines("memory", "Memory used"),
                Lines("swap", "Pages read back from swap"),
                Lines("oom", "Processes killed for want of memory in 10 minutes"),
                Lines("files", "File descriptors open"),
            ],
        ),
        Row(
            "Disks",
            [
                Lines("disk", "Disk used", by=FILESYSTEM),
                Lines(
                    "forecast",
                    "Disk used in 24 hours, by the trend of 6",
                    by=FILESYSTEM,
                ),
                Lines("inodes", "Inodes used", by=FILESYSTEM, none="File systems without inodes"),
                Lines("read_only", "Turned read-only within a day", by=FILESYSTEM),
                Lines(
                    "disk_busy",
                    "Disk busy",
                    [Line(quantities.DISK_BUSY)],
                    by=INTERFACE,
                    highest=10,
                ),
            ],
        ),
        Row(
            "Network and clock",
            [
                Lines("traffic", "Traffic", [_IN, _OUT], by=INTERFACE),
                Lines("network_errors", "Packets with errors", by=INTERFACE),
                Lines("connections", "Tracked connections of the most possible", none=_ABSENT),
                Lines("clock", "Clock off that of Prometheus"),
                Lines("sync", "Clock kept on time"),
            ],
        ),
        Row(
            "State",
            [
                Lines("answers", "Answers Prometheus"),
                Lines("booted", "Boots: how much later the last one is"),
                Lines("units", "Failed units of systemd", by=UNIT, none=_ABSENT),
            ],
        ),
    ],
)
