"""A site that answers with what a test sets."""

from gzip import compress

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

    def slo_history(self) -> bytes:
        return b'{"api_version":1,"slos":[]}'

    def health(self) -> bool:
        return self.working

    def readiness(self) -> tuple[bool, list[str]]:
        return not self.reasons, list(self.reasons)
