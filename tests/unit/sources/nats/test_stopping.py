"""A server that stops lists nothing for a moment: that is no sign that its streams were deleted."""

from obs.sources.nats.incomplete import IncompleteServers
from obs.sources.nats.jsz import AccountReport, StreamReport
from obs.sources.nats.server_answer import ServerAnswer
from obs.sources.nats.varz import Varz

MANY = (AccountReport("$G", (StreamReport("A"), StreamReport("B")), id="$G"),)
ONE = (AccountReport("$G", (StreamReport("A"),), id="$G"),)


def answer(accounts: tuple[AccountReport, ...], server: str = "id") -> ServerAnswer:
    return ServerAnswer("http://n1:8222", Varz(server_id=server, server_name="n1"), accounts)


def told(seen: IncompleteServers, accounts: tuple[AccountReport, ...], server: str = "id") -> str:
    """Why the server does not tell all; empty where it does."""
    found = seen.of([answer(accounts, server)], {}, {}, ())
    return found[0].words if found else ""


def test_a_server_that_lists_none_of_several_streams_is_asked_once_more() -> None:
    seen = IncompleteServers()
    assert told(seen, MANY) == ""
    assert told(seen, ()).startswith("it lists none of the 2 streams that it listed before")
    assert told(seen, ()) == ""  # it goes on and says so again: they were deleted
    assert told(seen, MANY) == ""


def test_a_single_stream_may_be_deleted_and_another_run_lists_what_it_has() -> None:
    seen = IncompleteServers()
    assert [told(seen, each) for each in (MANY, ONE, ())] == ["", "", ""]
    assert told(seen, MANY) == ""
    assert told(seen, (), "started again") == ""
