"""What `obs init` was asked to look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Options:
    """Addresses, regions and credentials, as given; nothing is checked yet.

    `login` and `tls` are for NATS, by the spec's fields. `accounts`: AWS accounts, each by the
    spec's fields.
    """

    nats: tuple[str, ...] = ()
    login: Mapping[str, str] = field(default_factory=dict)
    tls: Mapping[str, str] = field(default_factory=dict)
    regions: tuple[str, ...] = ()
    accounts: tuple[Mapping[str, str], ...] = ()
    endpoint_url: str | None = None
