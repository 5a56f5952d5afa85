"""Metrics of node_exporter."""

from typing import Final

from obs.catalogue.foreign import counter, gauge

HOST: Final = ("instance",)
FILESYSTEM: Final = ("instance", "mountpoint")
INTERFACE: Final = ("instance", "device")
UNIT: Final = ("instance", "name")
_MOUNTED: Final = (*FILESYSTEM, "fstype")

CPU_SECONDS = counter(
    "node_cpu_seconds_total", ("instance", "cpu", "mode"), "Seconds that each CPU spent in a mode."
)
LOAD = gauge("node_load5", HOST, "Processes that ran or waited to, a mean over five minutes.")
BOOT_TIME = gauge("node_boot_time_seconds", HOST, "Moment at which the host booted.")
MEMORY_AVAILABLE = gauge(
    "node_memory_MemAvailable_bytes",
    HOST,
    "Memory that can be given to processes without swapping.",
)
MEMORY_TOTAL = gauge("node_memory_MemTotal_bytes", HOST, "Memory of the host.")
SWAPPED_IN = counter("node_vmstat_pswpin", HOST, "Pages of memory read back from swap.")
OOM_KILLS = counter(
    "node_vmstat_oom_kill", HOST, "Processes that the kernel killed for want of memory."
)
DISK_AVAILABLE = gauge(
    "node_filesystem_avail_bytes",
    _MOUNTED,
    "Space of the file system that processes without root rights can use.",
)
DISK_SIZE = gauge("node_filesystem_size_bytes", _MOUNTED, "Size of the file system.")
INODES_FREE = gauge(
    "node_filesystem_files_free", _MOUNTED, "Inodes of the file system that are free."
)
INODES = gauge(
    "node_filesystem_files",
    _MOUNTED,
    "Inodes of the file system; 0 where it makes them as needed.",
)
READ_ONLY = gauge(
    "node_filesystem_readonly", _MOUNTED, "Whether the file system is mounted read-only."
)
DISK_BUSY = counter(
    "node_disk_io_time_seconds_total", INTERFACE, "Seconds in which the disk had work to do."
)
FILES_OPEN = gauge("node_filefd_allocated", HOST, "File descriptors that are open.")
FILES_MOST = gauge("node_filefd_maximum", HOST, "File descriptors that can be open.")
CONNECTIONS_TRACKED = gauge(
    "node_nf_conntrack_entries", HOST, "Connections that the kernel's firewall tracks."
)
CONNECTIONS_MOST = gauge(
    "node_nf_conntrack_entries_limit", HOST, "Connections that the kernel's firewall can track."
)
CLOCK = gauge("node_time_seconds", HOST, "The host's clock when it was scraped.")
CLOCK_SYNC = gauge(
    "node_timex_sync_status", HOST, "Whether something keeps the clock on time, 1, or not, 0."
)
CLOCK_ERROR = gauge(
    "node_timex_maxerror_seconds",
    HOST,
    "How far the clock may be off; grows to 16 s while nothing keeps it on time.",
)
RECEIVED_PACKETS = counter(
    "node_network_receive_packets_total", INTERFACE, "Packets that an interface received."
)
SENT_PACKETS = counter(
    "node_network_transmit_packets_total", INTERFACE, "Packets that an interface sent."
)
RECEIVE_ERRORS = counter(
    "node_network_receive_errs_total", INTERFACE, "Packets that arrived damaged."
)
SEND_ERRORS = counter(
    "node_network_transmit_errs_total", INTERFACE, "Packets that an interface could not send."
)
RECEIVED_BYTES = counter(
    "node_network_receive_bytes_total", INTERFACE, "Bytes that an interface received.", unit="bytes"
)
SENT_BYTES = counter(
    "node_network_transmit_bytes_total", INTERFACE, "Bytes that an interface sent.", unit="bytes"
)
UNIT_STATE = gauge(
    "node_systemd_unit_state",
    (*UNIT, "state"),
    "Whether a unit of systemd is in a state; only with --collector.systemd.",
)
