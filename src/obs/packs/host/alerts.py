"""Alerts on hosts."""

from typing import Final

from obs.alerts.alert import HOUR, MINUTE, About, Alert, Severity
from obs.alerts.conditions import Beyond
from obs.alerts.conditions.beyond import Traffic
from obs.packs.host import quantities
from obs.packs.host.metrics import FILESYSTEM, HOST, INTERFACE, UNIT

_HOST: Final = About("instance", HOST)
_FILESYSTEM: Final = About("mountpoint", FILESYSTEM)
_INTERFACE: Final = About("device", INTERFACE)
_UNIT: Final = About("name", UNIT)
_KEPT: Final = 30 * MINUTE

ALERTS: Final = (
    Alert(
        "HostCpuHigh",
        Severity.WARNING,
        _HOST,
        Beyond(quantities.CPU_USED, ">", 90, HOST),
        15 * MINUTE,
        "A host's CPUs are busy.",
        "Host {instance} uses {value} of its CPU time (threshold {threshold}).",
        "Above 90 % for a quarter of an hour nothing is left for a burst: requests queue.",
        "host/cpu",
        _KEPT,
    ),
    Alert(
        "HostDown",
        Severity.CRITICAL,
        _HOST,
        Beyond(quantities.ANSWERS, "<", 1, HOST),
        5 * MINUTE,
        "A host does not answer.",
        "Prometheus has not reached node_exporter on {instance} for {hold}.",
        "A host that is down, or cut off; while it does not answer, no other alert can tell how it "
        "does. One that is no longer among Prometheus' targets is not expected to answer.",
        "host/answers",
        0,
    ),
    Alert(
        "HostRebooted",
        Severity.INFO,
        _HOST,
        Beyond(quantities.BOOTED_ANEW, ">", 60, HOST),
        0,
        "A host has booted.",
        "Host {instance} has booted within the last half hour.",
        "A boot explains what else was seen at the time. Up to a minute is the clock, which moves "
        "the moment of the boot when it is corrected.",
        "host/booted",
        0,
    ),
    Alert(
        "HostOverloaded",
        Severity.WARNING,
        _HOST,
        Beyond(quantities.LOAD_PER_CPU, ">", 2, HOST),
        15 * MINUTE,
        "More processes want to run than a host has CPUs for.",
        "Host {instance} has a load of {value} for each CPU (threshold {threshold}).",
        "At two processes for each CPU every other one waits, for a CPU or for a disk: Linux "
        "counts both.",
        "host/load",
        _KEPT,
    ),
    Alert(
        "HostMemoryHigh",
        Severity.WARNING,
        _HOST,
        Beyond(quantities.MEMORY_USED, ">", 90, HOST),
        10 * MINUTE,
        "A host is running out of memory.",
        "Host {instance} uses {value} of its memory (threshold {threshold}).",
        "Below 10 % available the page cache shrinks and reads go to the disk; what is asked for "
        "beyond ends processes.",
        "host/memory",
        _KEPT,
    ),
    Alert(
        "HostSwapping",
        Severity.WARNING,
        _HOST,
        Beyond(quantities.SWAPPED_IN, ">", 500, HOST),
        10 * MINUTE,
        "A host reads its memory back from the disk.",
        "Host {instance} reads {value} pages a second back from swap (threshold {threshold}).",
        "At 500 pages, 2 MB, a second processes wait for the disk instead of for memory. Swap that "
        "is full but rests costs nothing, so how much is used is no reason to alert.",
        "host/swap",
        _KEPT,
    ),
    Alert(
        "HostOutOfMemory",
        Severity.WARNING,
        _HOST,
        Beyond(quantities.OOM_KILLS, ">", 0, HOST),
        0,
        "The kernel of a host killed a process for want of memory.",
        "The kernel of host {instance} killed {value} processes in {window} for want of memory.",
        "Each kill ends work midway, and may end something that nobody starts again. Limits of "
        "containers count too.",
        "host/oom",
        _KEPT,
    ),
    Alert(
        "HostDiskFull",
        Severity.CRITICAL,
        _FILESYSTEM,
        Beyond(quantities.DISK_USED, ">", 95, FILESYSTEM),
        5 * MINUTE,
        "A file system is almost full.",
        "File system {mountpoint} of host {instance} is {value} full (threshold {threshold}).",
        "Without free space writes fail, and databases and queues stop.",
        "host/disk",
        _KEPT,
    ),
    Alert(
        "HostDiskHigh",
        Severity.WARNING,
        _FILESYSTEM,
        Beyond(quantities.DISK_USED, ">", 85, FILESYSTEM),
        30 * MINUTE,
        "A file system is filling up.",
        "File system {mountpoint} of host {instance} is {value} full (threshold {threshold}).",
        "At 85 % there is time to make room in working hours, however slowly it fills.",
        "host/disk",
        _KEPT,
    ),
    Alert(
        "HostDiskFilling",
        Severity.WARNING,
        _FILESYSTEM,
        Beyond(
            quantities.DISK_USED_TOMORROW,
            ">",
            100,
            FILESYSTEM,
            Traffic(quantities.DISK_USED, 60, lacking="most of it is free"),
        ),
        HOUR,
        "A file system will be full within a day.",
        "File system {mountpoint} of host {instance} would be {value} full in 24 hours if it went "
        "on as in the last {window}.",
        "A day leaves time to act by daylight. Below 60 % used a trend of six hours says little: a "
        "copy or a backup looks like one.",
        "host/forecast",
        0,
    ),
    Alert(
        "HostInodesHigh",
        Severity.WARNING,
        _FILESYSTEM,
        Beyond(quantities.INODES_USED, ">", 90, FILESYSTEM),
        15 * MINUTE,
        "A file system is running out of inodes.",
        "File system {mountpoint} of host {instance} uses {value} of its inodes (threshold "
        "{threshold}).",
        "Without a free inode no file can be made, though there is space left.",
        "host/inodes",
        _KEPT,
    ),
    Alert(
        "HostFilesystemReadOnly",
        Severity.CRITICAL,
        _FILESYSTEM,
        Beyond(quantities.TURNED_READ_ONLY, ">", 0, FILESYSTEM),
        MINUTE,
        "A file system has become read-only.",
        "File system {mountpoint} of host {instance} was writable within the last day and is "
        "read-only.",
        "The kernel does that after an error of the disk: every write fails. One that has been "
        "read-only for longer is meant to be.",
        "host/read_only",
        0,
    ),
    Alert(
        "HostFileDescriptorsHigh",
        Severity.WARNING,
        _HOST,
        Beyond(quantities.FILES_OPEN, ">", 80, HOST),
        15 * MINUTE,
        "A host is running out of file descriptors.",
        "Host {instance} has {value} of its file descriptors open (threshold {threshold}).",
        "Without one nothing can open a file or accept a connection. A leak goes on growing.",
        "host/files",
        _KEPT,
    ),
    Alert(
        "HostConnectionTableHigh",
        Severity.WARNING,
        _HOST,
        Beyond(quantities.CONNECTIONS_TRACKED, ">", 80, HOST),
        10 * MINUTE,
        "A host can hardly track more connections.",
        "Host {instance} uses {value} of the table of connections that its kernel tracks "
        "(threshold {threshold}).",
        "When the table is full the kernel drops the packets of new connections, and only its log "
        "says so.",
        "host/connections",
        _KEPT,
    ),
    Alert(
        "HostClockOff",
        Severity.WARNING,
        _HOST,
        Beyond(quantities.CLOCK_OFF, ">", 2, HOST),
        10 * MINUTE,
        "A host's clock is wrong.",
        "The clock of host {instance} is {value} off that of Prometheus (threshold {threshold}).",
        "Two seconds are more than a slow scrape makes. A wrong clock puts events out of order and "
        "has tokens and certificates refused.",
        "host/clock",
        _KEPT,
    ),
    Alert(
        "HostClockNotSynchronised",
        Severity.WARNING,
        _HOST,
        Beyond(
            quantities.CLOCK_SYNC,
            "<",
            1,
            HOST,
            Traffic(quantities.CLOCK_ERROR, 16, lacking="the clock was set a moment ago"),
        ),
        15 * MINUTE,
        "Nothing keeps a host's clock on time.",
        "Nothing has kept the clock of host {instance} on time for hours: it may be 16 s off.",
        "The kernel takes 16 s as the most that it may be off; to get there takes nine hours "
        "without a time server.",
        "host/sync",
        _KEPT,
    ),
    Alert(
        "HostNetworkErrors",
        Severity.WARNING,
        _INTERFACE,
        Beyond(
            quantities.PACKET_ERRORS,
            ">",
            1,
            INTERFACE,
            Traffic(quantities.PACKETS, 10),
        ),
        30 * MINUTE,
        "A network interface damages or loses packets.",
        "{value} of the packets of interface {device} of host {instance} are errors (threshold "
        "{threshold}).",
        "At one packet in a hundred TCP slows to a crawl. The cause is a cable, a port or a "
        "driver, and does not go away.",
        "host/network_errors",
        _KEPT,
    ),
    Alert(
        "HostUnitFailed",
        Severity.WARNING,
        _UNIT,
        Beyond(quantities.UNIT_FAILED, ">", 0, UNIT),
        5 * MINUTE,
        "A unit of systemd has failed.",
        "Unit {name} of host {instance} has failed, and systemd does not start it again.",
        "Five minutes let systemd start it again where it is told to. What is failed then stays "
        "so.",
        "host/units",
        _KEPT,
    ),
)
