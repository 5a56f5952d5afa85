"""Why a series of `outputs.web.compat` may differ from the exporter's own."""

from typing import Final, NamedTuple

from obs.spec.globs import matches


class Difference(NamedTuple):
    """Names (globs) of which the two may differ, and why. `only_values`: the labels are equal."""

    names: tuple[str, ...]
    why: str
    only_values: bool = False


DIFFERENCES: Final = (
    Difference(
        (
            *("gnatsd_varz_server_id", "gnatsd_varz_server_name", "gnatsd_varz_version"),
            *("gnatsd_varz_cluster_name", "gnatsd_varz_gateway_name"),
            *("gnatsd_varz_jetstream_meta_leader", "gnatsd_varz_jetstream_meta_name"),
            "gnatsd_varz_jetstream_config_domain",
        ),
        "The exporter shows a text of the last server only; obs shows that of each server. With "
        "one server for each exporter, as its authors advise, both are the same.",
    ),
    Difference(
        ("jetstream_stream_*_active_duration_ns",),
        "Nanoseconds since a copy last heard from its origin: other ones at each request.",
        only_values=True,
    ),
    Difference(
        ("gnatsd_varz_cpu", "gnatsd_varz_mem"),
        "Moves from moment to moment, and the two read one after the other.",
        only_values=True,
    ),
    Difference(
        ("gnatsd_varz_http_req_stats_*",),
        "Requests to the monitoring port: those of whoever asks are among them.",
        only_values=True,
    ),
)
BY_DESIGN: Final = (
    (
        "when",
        "The exporter asks the servers at each scrape. obs serves what its last poll told, at most "
        "`poll` old; a server that does not answer keeps its series until `stale_after`.",
    ),
    (
        "ephemeral consumers",
        "obs sums them up; `ephemeral: each` of the source gives each its series, also under the "
        "exporter's names.",
    ),
    (
        "what the source leaves out",
        "`streams`, `consumers` and `max_consumers` of the source hold for these names too.",
    ),
    (
        "discovered servers",
        "obs finds the other servers of a cluster by itself and shows them too; `discover: false` "
        "keeps to the addresses of `monitor`.",
    ),
    (
        "long labels",
        "A label value of more than 256 characters, such as a description, is cut, and a digest of "
        "it appended.",
    ),
    (
        "ways in",
        "Only sources with `monitor` have the exporter's names: it reads monitoring ports, too.",
    ),
)
"""What is different on purpose, whatever the name."""


def difference(name: str) -> Difference | None:
    """The one that is declared for a name."""
    return next((each for each in DIFFERENCES if matches(name, each.names)), None)
