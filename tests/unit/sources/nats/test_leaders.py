from itertools import permutations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from obs.sources.nats.jsz import (
    AccountReport,
    Cluster,
    ConsumerReport,
    Delivered,
    StreamReport,
    StreamState,
)
from obs.sources.nats.leaders import ServerReport, StreamKey, merge

KEY = StreamKey("A", "S")


def consumer(name: str, leader: str | None, delivered: int = 0) -> ConsumerReport:
    return ConsumerReport(
        name=name,
        created="2026",
        delivered=Delivered(consumer_seq=delivered),
        cluster=None if leader is None else Cluster(leader=leader),
    )


def answer(
    server: str, *consumers: ConsumerReport, leader: str = "n1", last_seq: int = 0
) -> ServerReport:
    stream = StreamReport(
        name="S",
        state=StreamState(last_seq=last_seq),
        cluster=Cluster(leader=leader),
        consumer_detail=consumers,
    )
    return ServerReport(server, (AccountReport("A", (stream,)),))


def test_a_consumer_is_reported_by_its_own_leader_not_by_its_streams() -> None:
    merged = merge(
        [
            answer("n1", consumer("c", "n2", delivered=99), leader="n1"),
            answer("n2", consumer("c", "n2", delivered=7), leader="n1"),
        ]
    )
    assert merged[KEY].led["c"].delivered.consumer_seq == 7
    assert merged[KEY].unled == {}


def test_a_server_without_a_cluster_leads_everything() -> None:
    stream = StreamReport(name="S", consumer_detail=(consumer("c", None),))
    reports = merge([ServerReport("", (AccountReport("A", (stream,)),))])[KEY]
    assert reports.leader
    assert set(reports.led) == {"c"}


def test_without_a_report_of_the_leader_the_one_furthest_ahead_stands() -> None:
    merged = merge(
        [
            answer("n2", consumer("c", "n1", delivered=5), last_seq=10),
            answer("n3", consumer("c", "n1", delivered=8), last_seq=9),
        ]
    )
    reports = merged[KEY]
    assert reports.led == {}
    assert reports.unled["c"].delivered.consumer_seq == 8
    assert (reports.stream.state.last_seq, reports.leader) == (10, False)


def test_a_leader_that_a_replica_names_and_that_does_not_report_is_unreachable() -> None:
    reports = merge([answer("n2", consumer("c", "n1")), answer("n3", consumer("c", ""))])[KEY]
    assert set(reports.unled) == {"c"}
    assert reports.unreachable == {"c": "n1"}
    assert (reports.leader, reports.named) == (False, "n1")


def test_a_consumer_is_leaderless_only_where_all_replicas_say_so() -> None:
    reports = merge(
        [answer("n2", consumer("c", ""), leader=""), answer("n3", consumer("c", ""), leader="")]
    )[KEY]
    assert set(reports.unled) == {"c"}
    assert reports.unreachable == {}
    assert (reports.leader, reports.named) == (False, "")


def test_a_leader_that_reports_makes_what_followers_name_irrelevant() -> None:
    for answers in permutations(
        [answer("n1", consumer("c", "n1")), answer("n2", consumer("c", "n3"), leader="n3")]
    ):
        reports = merge(answers)[KEY]
        assert set(reports.led) == {"c"}
        assert reports.unreachable == {}
        assert (reports.leader, reports.named) == (True, "")


def test_what_was_chosen_is_known_by_who_reported_it() -> None:
    reports = merge(
        [
            answer("n1", consumer("c", "n2"), consumer("d", "n1")),
            answer("n2", consumer("c", "n2"), consumer("d", "n1")),
        ]
    )[KEY]
    assert reports.source.server_name == "n1"
    assert {name: source.server_name for name, source in reports.sources.items()} == {
        "c": "n2",
        "d": "n1",
    }


def test_of_two_servers_that_both_believe_they_lead_the_one_further_ahead_stands() -> None:
    merged = merge(
        [answer("n1", consumer("c", "n1", 5)), answer("n2", consumer("c", "n2", 8), leader="n2")]
    )
    assert merged[KEY].led["c"].delivered.consumer_seq == 8


def test_a_consumer_that_only_one_server_reports_is_included() -> None:
    merged = merge([answer("n1"), answer("n2", consumer("only", "n2"))])
    assert set(merged[KEY].led) == {"only"}


def test_streams_of_the_same_name_in_two_accounts_stay_apart() -> None:
    stream = StreamReport(name="S", consumer_detail=(consumer("c", None),))
    accounts = (AccountReport("A", (stream,)), AccountReport("B", (stream,)))
    assert set(merge([ServerReport("n1", accounts)])) == {StreamKey("A", "S"), StreamKey("B", "S")}


SERVERS = ("n1", "n2", "n3")
CONSUMERS = st.builds(
    consumer,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["", *SERVERS]),
    st.integers(0, 3),
)
ANSWERS = st.lists(
    st.builds(
        lambda server, consumers, leader, seq: answer(
            server, *{c.name: c for c in consumers}.values(), leader=leader, last_seq=seq
        ),
        st.sampled_from(SERVERS),
        st.lists(CONSUMERS, max_size=4),
        st.sampled_from(["", *SERVERS]),
        st.integers(0, 3),
    ),
    max_size=4,
    unique_by=lambda given: given.server_name,
)


@given(ANSWERS, st.randoms())
def test_each_consumer_is_there_once_whatever_order_the_servers_answer_in(
    answers: list[ServerReport], chance: Random
) -> None:
    merged = merge(answers)
    reports = merged.get(KEY)
    if reports is not None:
        assert not reports.led.keys() & reports.unled.keys()
        reported = {
            consumer.name
            for answer in answers
            for account in answer.accounts
            for stream in account.stream_detail or ()
            for consumer in stream.consumer_detail or ()
        }
        assert reports.led.keys() | reports.unled.keys() == reported
    shuffled = list(answers)
    chance.shuffle(shuffled)
    again = merge(shuffled).get(KEY)
    if reports is not None and again is not None:
        assert again.led.keys() == reports.led.keys()
        positions = [
            {name: report.delivered.consumer_seq for name, report in found.led.items()}
            for found in (reports, again)
        ]
        assert positions[0] == positions[1]
