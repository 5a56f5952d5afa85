import pytest

from obs.web import limits
from obs.web.limits import Patience, Phase, places


@pytest.mark.parametrize(
    ("files", "total"), [(256, 128), (1024, 512), (100_000, 512), (-1, 512), (64, 32), (3, 8)]
)
def test_connections_take_at_most_half_of_the_files(files: int, total: int) -> None:
    assert places(files).total == total


def test_one_address_cannot_have_all_places_nor_those_of_this_machine() -> None:
    found = places(1024)
    assert found.per_address < found.total - found.loopback_only


def test_a_connection_that_sends_nothing_is_overdue_after_the_time_of_a_request() -> None:
    patience = Patience(100.0)
    assert patience.overdue(100 + limits.REQUEST_SECONDS - 1, unsent=False) is None
    assert patience.overdue(100 + limits.REQUEST_SECONDS, unsent=False)


def test_headers_that_drip_are_not_given_more_time() -> None:
    patience = Patience(0.0)
    for second in range(10):
        patience.received(1, float(second))
    assert "did not complete a request" in str(patience.overdue(10.0, unsent=False))


def test_a_connection_waits_longer_between_requests_than_within_one() -> None:
    patience = Patience(0.0)
    patience.answering(1.0)
    patience.answered(2.0)
    assert patience.overdue(2 + limits.REQUEST_SECONDS, unsent=False) is None
    assert patience.overdue(2 + limits.IDLE_SECONDS, unsent=False) == ""
    patience.received(1, 30.0)
    assert patience.phase is Phase.ASKING
    assert patience.overdue(30 + limits.REQUEST_SECONDS, unsent=False)


def test_a_client_that_stops_reading_is_overdue_and_one_that_goes_on_is_not() -> None:
    patience = Patience(0.0)
    patience.answering(0.0)
    patience.sent(5.0)
    assert patience.overdue(5 + limits.STALLED_SECONDS - 1, unsent=True) is None
    assert "read nothing" in str(patience.overdue(5 + limits.STALLED_SECONDS, unsent=True))
    assert patience.overdue(5 + limits.STALLED_SECONDS, unsent=False) is None


def test_an_answer_that_is_read_a_byte_at_a_time_ends() -> None:
    patience = Patience(0.0)
    patience.answering(0.0)
    patience.sent(limits.ANSWER_SECONDS - 1)
    assert "did not read an answer" in str(patience.overdue(limits.ANSWER_SECONDS, unsent=True))


def test_what_is_left_of_a_closed_connection_does_not_keep_it_for_ever() -> None:
    patience = Patience(0.0)
    patience.closing(1.0)
    patience.closing(3.0)
    assert patience.overdue(1 + limits.CLOSING_SECONDS, unsent=True)


def test_a_request_has_a_size_and_the_next_one_begins_anew() -> None:
    patience = Patience(0.0)
    assert patience.received(limits.REQUEST_BYTES, 0.0)
    assert not patience.received(1, 0.0)
    patience.answering(1.0)
    patience.answered(1.0)
    assert patience.received(limits.REQUEST_BYTES, 2.0)
