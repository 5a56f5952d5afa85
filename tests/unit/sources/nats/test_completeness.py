import msgspec

from obs.errors import SourceError
from obs.sources.nats.completeness import is_healthy, reason, shortfall
from obs.sources.nats.jsz import (
    AccountReport,
    ConsumerReport,
    HealthError,
    Healthz,
    Jsz,
    StreamReport,
    StreamState,
)

OK = Healthz("ok")


def stream(name: str, consumers: int = 0, counted: int | None = None) -> StreamReport:
    there = tuple(ConsumerReport(name=f"c{n}", created="1") for n in range(consumers))
    state = StreamState(consumer_count=consumers if counted is None else counted)
    return StreamReport(name=name, state=state, consumer_detail=there)


def jsz(*streams: StreamReport, counted: int | None = None, account_id: str = "ID") -> Jsz:
    accounts = (AccountReport("A", streams, account_id),)
    return Jsz("S", accounts, streams=len(streams) if counted is None else counted)


def unhealthy(*errors: HealthError) -> Healthz:
    return Healthz("error", errors=errors)


def of_stream(name: str, words: str = "not current") -> HealthError:
    return HealthError("STREAM", "ID", name, f"stream {name}: {words}")


def test_a_healthy_server_whose_counts_agree_tells_all() -> None:
    assert shortfall(OK, jsz(stream("S", 3), stream("T"))) is None


def test_a_server_that_offers_no_health_is_judged_by_its_counts() -> None:
    assert shortfall(None, jsz(stream("S"))) is None
    assert shortfall(None, jsz(stream("S"), counted=2)) is not None


def test_jetstream_that_is_off_tells_nothing_whatever_the_health_says() -> None:
    found = shortfall(OK, Jsz("S", disabled=True))
    assert found is not None
    assert (found.why, found.only) == ("jetstream_off", None)


def test_jetstream_that_switched_itself_off_is_off() -> None:
    error = HealthError("JETSTREAM", error="JetStream not enabled")
    found = shortfall(unhealthy(error), jsz())
    assert found is not None
    assert found.why == "jetstream_off"


def test_a_server_that_is_not_ready_for_connections_recovers() -> None:
    error = HealthError("CONNECTION", error="server is not ready")
    found = shortfall(unhealthy(error), jsz(stream("S")))
    assert found is not None
    assert (found.why, found.words, found.only) == ("recovering", "server is not ready", None)


def test_the_one_reason_of_a_server_before_2_10_concerns_all() -> None:
    found = shortfall(Healthz("unavailable", "JetStream stream 'A > S' is bad"), jsz(stream("S")))
    assert found is not None
    assert (found.why, found.only) == ("recovering", None)


def test_health_that_did_not_come_leaves_open_whether_all_is_there() -> None:
    found = shortfall(SourceError("timeout", "h1: timed out"), jsz(stream("S")))
    assert found is not None
    assert (found.why, found.words) == ("unreachable", "h1: timed out")


def test_fewer_streams_than_the_answer_counts_are_a_loss() -> None:
    found = shortfall(OK, jsz(stream("S"), counted=3))
    assert found is not None
    assert found.why == "incomplete"
    assert found.words == "its response lacks 2 of the 3 streams that it counts"


def test_more_streams_than_the_answer_counts_were_just_created() -> None:
    assert shortfall(OK, jsz(stream("S"), stream("T"), counted=1)) is None


def test_a_stream_with_fewer_consumers_than_it_counts_is_not_told_in_full() -> None:
    found = shortfall(OK, jsz(stream("S", 2, counted=3), stream("T", 1)))
    assert found is not None
    assert (found.why, found.only) == ("incomplete", frozenset({("ID", "S")}))


def test_a_stream_that_cannot_be_written_leaves_all_others_told() -> None:
    found = shortfall(unhealthy(of_stream("S", "disk full")), jsz(stream("S"), stream("T")))
    assert found is not None
    assert (found.why, found.only) == ("incomplete", frozenset({("ID", "S")}))
    assert found.words == "stream S: disk full"


def test_a_stream_is_named_by_the_id_of_its_account_or_by_a_name_that_has_none() -> None:
    error = HealthError("STREAM", "$G", "S", "bad")
    found = shortfall(unhealthy(error), jsz(stream("S"), account_id=""))
    assert found is not None
    assert found.only == frozenset({("$G", "S")})


def test_an_account_that_cannot_be_resolved_is_open_with_all_its_streams() -> None:
    error = HealthError("ACCOUNT", "X", "", "account 'X' could not be resolved")
    found = shortfall(unhealthy(error), jsz(stream("S")))
    assert found is not None
    assert found.only == frozenset({("X", "")})


def test_a_server_that_lacks_most_of_its_streams_recovers() -> None:
    errors = [of_stream("S"), of_stream("T"), of_stream("U")]
    found = shortfall(unhealthy(*errors), jsz(stream("U")))
    assert found is not None
    assert (found.why, found.only) == ("recovering", None)
    assert found.words == "stream S: not current (and 2 more)"


def test_only_an_ok_without_errors_is_healthy() -> None:
    assert is_healthy(OK)
    assert not is_healthy(Healthz("unavailable"))
    assert not is_healthy(unhealthy(of_stream("S")))
    assert is_healthy(Healthz("ok", errors=()))


def test_a_reason_is_one_short_line_whatever_the_server_writes() -> None:
    error = msgspec.structs.replace(of_stream("S"), error="\x1b[31mred\n" + "x" * 1000)
    words = reason(unhealthy(error))
    assert words.isprintable()
    assert len(words) <= 300
    assert reason(Healthz("unavailable")) == "status unavailable"
    assert reason(OK) == ""
