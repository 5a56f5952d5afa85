"""A site that answers with what a test sets."""

from gzip import compress

from obs.web.page.content import Filter
from obs.web.page.document import page
from obs.web.status import Status
from obs.web.streamed import Body, Whole


class StubSite:
    """Answers with what the tests set."""

    working = True
    reasons: tuple[str, ...] = ()
    document = b'{"api_version":1}'

    def metrics(self, *, openmetrics: bool, gzip: bool, protobuf: bool = False) -> Body:
        body = b"# EOF\n" if openmetrics else b"up 1\n"
        return Whole(compress(body) if gzip else body)

    def status(self) -> bytes:
        return self.document

    def page(self) -> bytes:
        return self.page_of("")

    def page_of(self, typed: str) -> bytes:
        status = Status(
            system="oms", environment="test", version="0", generated_at=0.0, uptime_seconds=0.0
        )
        return page(status, (), Filter(typed), 0.0)

    def slo_history(self) -> bytes:
        return b'{"api_version":1,"slos":[]}'

    def health(self) -> bool:
        return self.working

    def readiness(self) -> tuple[bool, list[str]]:
        return not self.reasons, list(self.reasons)
