"""The servers of one cluster, asked on their monitoring ports."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence

from obs.errors import SourceError
from obs.sources.nats.account_pages import Limits, limits
from obs.sources.nats.asking import Asking
from obs.sources.nats.discovery import Discovery
from obs.sources.nats.group_pages import GroupPages
from obs.sources.nats.selection import wanted_of
from obs.sources.nats.server_answer import Get, ServerAnswer, address
from obs.sources.nats.shared_addresses import SharedAddresses
from obs.spec.nats import NatsSource


class NatsHttp:
    """The servers that answer at the spec's addresses, and those that are discovered."""

    def __init__(self, name: str, spec: NatsSource, http: Get, clock: Callable[[], float]) -> None:
        """`clock` gives Unix seconds."""
        self._clock = clock
        self._http = http
        self._timeout = spec.timeout
        self._asking = Asking(
            http, clock, spec.timeout, pages=GroupPages(spec), wanted=wanted_of(spec)
        )
        self._discovery = Discovery(spec, http, source=name)
        self._addresses = SharedAddresses()

    @property
    def names(self) -> Mapping[str, str]:
        """What the servers at the addresses were called when they last answered."""
        return self._discovery.names

    @property
    def unreached(self) -> Sequence[str]:
        """Names of servers of the cluster at no address that answers."""
        return self._discovery.unreached

    def answers(
        self, *, with_config: bool, only: Collection[str] | None = None
    ) -> list[ServerAnswer]:
        """Each server's answer once. Blocks up to a few times the spec's timeout; for a server that
        did not answer in time before, only a moment longer than for the others.
        """
        urls = self._discovery.urls(self._clock()) if only is None else tuple(only)
        if only is None:
            self._addresses.keep(urls)
        answers = self._asking.all(urls, with_config=with_config)
        for answer in answers:
            if answer.shared or self._changed(answer):
                self._discovery.is_shared(answer.url)
        names = {each.url: each.varz.server_name if each.varz else None for each in answers}
        self._discovery.saw(names, self._clock())
        return _distinct(answers, self._discovery.shared)

    def limits(self, accounts: Mapping[str, str]) -> Mapping[str, Limits]:
        """What the JWTs of these accounts allow, a request each; the first failure ends it."""
        found: dict[str, Limits] = {}
        until = time.monotonic() + self._timeout
        for account, url in accounts.items():
            if time.monotonic() > until:
                break
            try:
                told = limits(self._http.get(f"{url}/accountz?acc={account}"), address(url))
            except SourceError:
                break
            if told is not None:
                found[account] = told
        return found

    def close(self) -> None:
        """Ask no more; a server that hangs is not waited for."""
        self._asking.close()

    def _changed(self, answer: ServerAnswer) -> bool:
        return answer.varz is not None and self._addresses.another_answers(
            answer.url, answer.varz, answer.answered
        )


def _distinct(answers: Sequence[ServerAnswer], shared: frozenset[str]) -> list[ServerAnswer]:
    """One answer a server, at best from an address that no other server has; order is kept."""
    best: dict[str, ServerAnswer] = {}
    for answer in answers:
        if answer.varz is not None:
            present = best.setdefault(answer.varz.server_id, answer)
            if present.url in shared and answer.url not in shared:
                best[answer.varz.server_id] = answer
    return [
        answer for answer in answers if answer.varz is None or best[answer.varz.server_id] is answer
    ]
