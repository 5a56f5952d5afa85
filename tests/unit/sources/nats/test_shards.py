"""Of a server's answer the collector of one shard reads its own streams, and names of others."""

import json
from typing import Any

import msgspec
import pytest

from obs.errors import SourceError
from obs.snapshot.accounts import Usage
from obs.sources.nats import jsz_answer
from obs.sources.nats.account_usage import accounts_of
from obs.sources.nats.accounts import AccountLabels
from obs.sources.nats.completeness import shortfall
from obs.sources.nats.jetstream import KnownSettings, SourceSelection
from obs.sources.nats.jsz import ElsewhereStream, UnreadableStream
from obs.sources.nats.jsz_answer import decode_jsz
from obs.sources.nats.leaders import ServerReport, merge
from obs.sources.nats.names import elsewhere
from obs.sources.nats.server_answer import ServerAnswer
from obs.sources.nats.varz import Varz
from obs.spec.nats import NatsSource
from obs.spec.shard import Portion, Shard


def stream(name: str, consumers: int = 2, **more: Any) -> dict[str, Any]:
    created = "2026-01-01T00:00:00Z"
    details = [
        {"name": f"c{number}", "created": created, "config": {"durable_name": f"c{number}"}}
        for number in range(consumers)
    ]
    state = {"messages": 1, "consumer_count": consumers}
    return {
        "name": name,
        "created": created,
        "state": state,
        "config": {},
        "consumer_detail": details,
    } | more


def body(*streams: Any, **more: Any) -> bytes:
    account = {"name": "A", "id": "ID", "stream_detail": streams} | more
    page = {"server_id": "s", "streams": len(streams), "account_details": [account]}
    return json.dumps(page).encode()


def only(*names: str) -> jsz_answer.Wanted:
    return lambda account, name: account == "ID" and name in names


def test_what_is_wanted_is_read_as_ever_and_of_the_rest_the_name_and_size() -> None:
    page = body(stream("ONE"), stream("TWO"), stream("THREE"))
    (whole,) = decode_jsz(page, "n").account_details or ()
    (part,) = decode_jsz(page, "n", only("TWO")).account_details or ()
    one, two, three = part.stream_detail or ()
    assert two == (whole.stream_detail or ())[1]
    assert (one, three) == (
        ElsewhereStream("ONE", consumers=2),
        ElsewhereStream("THREE", consumers=2),
    )
    assert msgspec.structs.replace(part, stream_detail=None) == msgspec.structs.replace(
        whole, stream_detail=None
    )


def test_an_account_s_consumers_are_those_of_every_shard() -> None:
    page = body(stream("ONE", 3), stream("TWO", 1), stream("ODD", state={"consumer_count": "many"}))

    def usage(wanted: jsz_answer.Wanted | None) -> Usage:
        accounts = decode_jsz(page, "n", wanted).account_details or ()
        answer = ServerAnswer("n", Varz(server_id="s", server_name="s", version="2.10.0"), accounts)
        merged = merge([ServerReport("s", accounts)])
        (account,) = accounts_of([answer], merged, complete=True)
        return account.usage

    one, two, every = usage(only("ONE")), usage(only("TWO")), usage(None)
    assert (one.streams, one.consumers, one.most_consumers) == (3, 4, 3)
    assert two == one
    assert (every.streams, every.most_consumers) == (3, 3)


def test_an_answer_without_accounts_or_streams_stays_one() -> None:
    assert decode_jsz(b'{"server_id":"s","disabled":true}', "n", only()).account_details is None
    (account,) = decode_jsz(body(stream_detail=None), "n", only()).account_details or ()
    assert account.stream_detail is None


def test_an_odd_value_hides_no_other_stream() -> None:
    odd = stream("ODD") | {"state": {"messages": "many"}}
    page = body(stream("MINE"), odd, 7, stream("OTHER"))
    (account,) = decode_jsz(page, "n", only("MINE", "ODD")).account_details or ()
    mine, unreadable, number, other = account.stream_detail or ()
    assert len(mine.consumer_detail or ()) == 2
    assert isinstance(unreadable, UnreadableStream)
    assert isinstance(number, UnreadableStream)
    assert other == ElsewhereStream("OTHER", consumers=2)


def test_an_odd_account_is_read_as_without_shards() -> None:
    page = body(stream("MINE"), stream("OTHER"), id=7)
    wanted: jsz_answer.Wanted = lambda _, name: name == "MINE"  # noqa: E731
    (account,) = decode_jsz(page, "n", wanted).account_details or ()
    mine, other = account.stream_detail or ()
    assert isinstance(mine, UnreadableStream)
    assert other == ElsewhereStream("OTHER", consumers=2)


def test_too_many_objects_are_refused_where_they_would_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jsz_answer, "_LARGE", 100)
    monkeypatch.setattr(jsz_answer, "MOST_OBJECTS", 20)
    page = body(*(stream(f"S{number}") for number in range(10)))
    assert decode_jsz(page, "n", only("S1", "S2"))
    with pytest.raises(SourceError, match="more than 20 objects"):
        decode_jsz(page, "n", only(*(f"S{number}" for number in range(10))))


def test_shards_have_every_stream_once_and_lack_nothing() -> None:
    page = body(*(stream(f"S{number}", number % 3) for number in range(40)))
    seen: list[str] = []
    for share in Portion(Shard(1, 3), source="main").every():
        spec = NatsSource(monitor=("http://n:8222",), streams={"include": ["S*"]})
        wanted = lambda account, name, of=share: of.has("stream", name, account)  # noqa: E731
        told = decode_jsz(page, "n", wanted)
        assert shortfall(None, told) is None
        merged = merge([ServerReport("n", told.account_details or ())])
        settings = KnownSettings()
        settings.learn(merged, complete=True)
        view = SourceSelection(spec, AccountLabels()).view(merged, settings)
        assert view.configured
        assert not any(view.left_out.values())
        mine = {each.name for each in view.streams}
        assert {each.stream for each in view.consumers} <= mine
        assert len(elsewhere(merged, view.labels)) == 40 - len(mine)
        seen += mine
    assert sorted(seen) == sorted(f"S{number}" for number in range(40))
