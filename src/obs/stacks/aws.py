"""AWS requests that make changes, of which few a second are allowed."""

import random
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from obs.clients.aws_limits import new_call
from obs.clients.aws_pages import pages
from obs.errors import SourceError
from obs.spec.aws import AwsSource

OWNER: Final = "obs:system"
"""The tag that names the owner of an object."""

_ATTEMPTS: Final = 7
_LONGEST_WAIT: Final = 20.0
_LIST_TIMEOUT: Final = 60.0  # seconds a page, with pauses while AWS throttles


class Session(Protocol):
    """Sends requests to one account and region."""

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """The response. Raises SourceError."""

    def close(self) -> None:
        """Close the connections."""


def session(spec: AwsSource) -> Session:
    """A session for the spec's AWS source; sends nothing yet."""
    from obs.clients.aws_session import AwsSession  # noqa: PLC0415  slow, so late

    return AwsSession(spec, lambda operation: None)


class Calls:
    """Requests to one account, retried with backoff while AWS throttles them."""

    def __init__(self, session: Session, pause: Callable[[float], None] = time.sleep) -> None:
        self._session = session
        self._pause = pause

    def __call__(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """The response. Raises SourceError."""
        for attempt in range(_ATTEMPTS - 1):
            try:
                return self._session.call(service, operation, **parameters)
            except SourceError as error:
                if error.reason != "throttled":
                    raise
            wait = min(2.0**attempt, _LONGEST_WAIT)
            self._pause(wait * random.uniform(0.5, 1.0))  # noqa: S311  nothing is secret about it
        return self._session.call(service, operation, **parameters)

    def pages(self, service: str, operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """All pages of a list operation. Raises SourceError."""

        def ask(token: dict[str, str]) -> dict[str, Any]:
            return self(service, operation, **parameters, **token)

        return pages(service, operation, ask, new_call(_LIST_TIMEOUT))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()
