"""How the servers of one cluster are asked: by HTTP, by the system account, by an account."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from obs.sources.nats.account_pages import Limits
from obs.sources.nats.server_answer import ServerAnswer


class WayIn(Protocol):
    """Asks every server of one cluster. Not safe for two polls at the same time."""

    @property
    def names(self) -> Mapping[str, str]:
        """What the servers at the addresses were called when they last answered."""

    @property
    def unreached(self) -> Sequence[str]:
        """Names of servers of the cluster at no address that answers."""

    def answers(
        self, *, with_config: bool, only: Collection[str] | None = None
    ) -> list[ServerAnswer]:
        """Each server's answer once, or only those of some addresses. Blocks.

        Raises SourceError where none can be asked.
        """

    def limits(self, accounts: Mapping[str, str]) -> Mapping[str, Limits]:
        """What the JWTs of these accounts allow, as far as it is told. Blocks for one timeout.

        `accounts`: by id, the address of a server that knows the account.
        """

    def close(self) -> None:
        """Close connections and end threads."""
