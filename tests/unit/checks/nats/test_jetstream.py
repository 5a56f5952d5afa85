"""Streams, consumers and retries, judged from snapshots."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from obs.checks import retries
from obs.checks.aws.eventbridge import EventBridgeFacts, LiveRule, LiveTarget
from obs.checks.finding import CheckFinding, Outcome
from obs.checks.nats.jetstream import (
    judge_dead_letters,
    judge_limits,
    judge_replicas,
    judge_servers,
    named,
)
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig
from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import IncompleteServer, NatsServer
from obs.spec.system import System


def system(**nats: Any) -> System:
    source = {"monitor": ["http://nats:8222"], **nats}
    return System.model_validate(
        {
            "version": 1,
            "system": "shop",
            "sources": {"nats": {"main": source}, "aws": {"cloud": {"region": "eu-west-1"}}},
        }
    )


def stream(name: str = "ORDERS", *, leader: bool = True, behind: int = 0, **limits: Any) -> Stream:
    config = StreamConfig(**{"max_age": 3600.0, **limits})
    return Stream(
        "A", name, "c", config, 0, 0, 0, 0, None, None, 1, leader=leader, replicas_behind=behind
    )


def consumer(name: str = "worker", *, leader: bool = True, **config: Any) -> Consumer:
    settings = ConsumerConfig(**{"max_deliver": 3, **config})
    return Consumer("A", "ORDERS", name, "c", settings, 0, 0, 0, 0, 0, 0, 0, leader=leader)


def snapshot(*of: Stream | Consumer) -> NatsSnapshot:
    streams = tuple(one for one in of if isinstance(one, Stream))
    consumers = tuple(one for one in of if isinstance(one, Consumer))
    return NatsSnapshot(0.0, (), streams, consumers)


def limits(expected: dict[str, Any], *of: Stream | Consumer) -> list[CheckFinding]:
    return [*judge_limits(system(expects={"ORDERS": expected}), "main", snapshot(*of))]


def test_what_the_spec_names_in_full_is_expected_and_globs_are_not() -> None:
    made = system(
        streams={"include": ["ORDERS", "audit-*"]}, expects={"ORDERS": {"consumers": {"a": {}}}}
    )
    assert named(made, "main") == {"ORDERS": {"a"}}


def test_a_stream_that_is_missing_is_reported_with_its_limits() -> None:
    (finding,) = limits({"max_age": "2h", "replicas": 3})
    assert finding.outcome is Outcome.FAILED
    assert "nats stream add ORDERS --max-age 2h --replicas 3" in finding.advice


def test_a_mistyped_name_is_reported_with_the_near_one_and_its_place() -> None:
    made = system(
        streams={"include": ["ORDERS", "audit-*"]},
        consumers={"include": ["wroker"]},
        expects={"ORDERS": {"consumers": {"wroker": {}}}},
    )
    found = [*judge_limits(made, "main", snapshot(stream(), consumer()))]
    (glob,) = (each.what for each in found if each.outcome is Outcome.WARNED)
    assert glob == "No stream in source main matches audit-*, which the spec names"
    assert [each.what for each in found if each.outcome is Outcome.FAILED] == [
        "Consumer ORDERS/wroker, which the spec names, does not exist in source main; "
        "did you mean worker?",
        "Consumer wroker, which the spec names, does not exist in source main; "
        "did you mean worker?",
    ]


def test_what_an_answer_in_part_does_not_have_is_doubtful_not_missing() -> None:
    made = system(expects={"ORDERS": {"consumers": {"worker": {}}}, "AUDIT": {}})
    partial = replace(snapshot(stream()), servers=(NatsServer("n2:8222", False),))
    found = {each.resource: each.outcome for each in judge_limits(made, "main", partial)}
    assert found["AUDIT"] is found["ORDERS/worker"] is Outcome.WARNED


def test_every_difference_of_a_stream_is_reported_at_once() -> None:
    wanted = {"max_age": "2h", "replicas": 3, "max_bytes": 10, "max_messages": 5}
    (finding,) = limits(wanted, stream(max_messages=5))
    assert finding.what == (
        "max-age is 1h, expected 2h; max-bytes is unlimited, expected 10; replicas is 1, expected 3"
    )
    assert finding.advice == ("nats stream edit ORDERS --max-age 2h --max-bytes 10 --replicas 3 -f")


def test_what_is_not_expected_is_not_compared() -> None:
    (finding,) = limits({}, stream(max_bytes=1, replicas=5))
    assert finding.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("expected", "live", "change"),
    [
        ({"backoff": ["1s", "5s"]}, (), ".backoff = [1000000000, 5000000000]"),
        ({"ack_wait": "30s"}, (1.0, 5.0), "del(.backoff)"),
    ],
)
def test_waits_that_the_nats_cli_has_no_flag_for_are_changed_in_its_configuration(
    expected: dict[str, Any], live: tuple[float, ...], change: str
) -> None:
    found = limits({"consumers": {"worker": expected}}, stream(), consumer(backoff=live))
    bad = [one for one in found if one.outcome is Outcome.FAILED]
    assert len(bad) == 1
    assert change in bad[0].advice


def test_a_stream_or_consumer_without_leader_or_with_a_replica_behind_is_wrong() -> None:
    found = snapshot(stream(), stream("DEAD", leader=False), stream("SLOW", behind=2))
    told = {one.resource: one for one in judge_replicas(found)}
    assert told["ORDERS"].outcome is Outcome.PASSED
    assert "no leader" in told["DEAD"].what
    assert "2 of its replicas are behind" in told["SLOW"].what
    (_, lost) = judge_replicas(snapshot(stream(), consumer(leader=False)))
    assert (lost.resource, lost.outcome) == ("ORDERS/worker", Outcome.FAILED)


def dead_letters(capturing: bool | None, *of: Consumer, **nats: Any) -> list[CheckFinding]:
    spec = system(**nats).sources.nats["main"]
    streams = {} if capturing is None else {"A": capturing}
    return [*judge_dead_letters(spec, "main", snapshot(*of), streams)]


CONNECTION: dict[str, Any] = {"connection": {"servers": ["nats://nats:4222"], "account": "A"}}


NOT_POLLED = IncompleteServer("", "n2", "unreachable")


def test_a_server_that_is_not_polled_comes_with_the_advice_to_list_it() -> None:
    servers = (NatsServer("n1:8222", True, "n1", healthy=True),)
    found = list(judge_servers("main", NatsSnapshot(0.0, servers, (), (), {}, (NOT_POLLED,))))
    assert [(one.resource, one.outcome) for one in found] == [
        ("n1", Outcome.PASSED),
        ("n2", Outcome.FAILED),
    ]
    assert found[1].advice == (
        "add the monitoring address of server n2 to sources.nats.main.monitor"
    )


def test_servers_that_are_unhealthy_or_do_not_tell_all_are_wrong() -> None:
    servers = (
        NatsServer("n1:8222", True, "n1", healthy=False, unhealthy_because="disk full"),
        NatsServer("n2:8222", up=False),
    )
    down = IncompleteServer("n2:8222", "n2", "unreachable", "refused")
    found = list(judge_servers("main", NatsSnapshot(0.0, servers, (), (), {}, (down,))))
    assert [one.outcome for one in found] == [Outcome.FAILED, Outcome.FAILED]
    assert [one.what for one in found] == [
        "disk full",
        "server n2 (n2:8222) does not respond (refused)",
    ]


def test_what_servers_that_are_not_polled_may_have_is_not_said_to_be_missing() -> None:
    seen = NatsSnapshot(0.0, (), (), (), {}, (NOT_POLLED,))
    (finding,) = judge_limits(system(expects={"ORDERS": {}}), "main", seen)
    assert finding.outcome is Outcome.WARNED
    assert finding.what == "not seen: not every server answers, so it may exist"
    seen = NatsSnapshot(0.0, (), (stream(),), (), {}, (NOT_POLLED,))
    *_, finding = judge_limits(system(expects={"ORDERS": {"consumers": {"w": {}}}}), "main", seen)
    assert (finding.resource, finding.outcome) == ("ORDERS/w", Outcome.WARNED)


def test_a_leader_that_was_not_reached_is_not_taken_for_none() -> None:
    follower = Stream(
        "A", "S", "c", StreamConfig(), 0, 0, 0, 0, None, None, 0, leader=False,
        leader_unreachable=True,
    )  # fmt: skip
    assert list(judge_replicas(snapshot(follower))) == []


def test_without_a_connection_dead_letters_are_not_recorded() -> None:
    (finding,) = dead_letters(None, consumer())
    assert finding.outcome is Outcome.FAILED
    assert "sources.nats.main.connection" in finding.advice


def test_a_connection_alone_misses_what_happens_while_the_collector_is_down() -> None:
    (finding,) = dead_letters(None, consumer(), **CONNECTION)
    assert finding.outcome is Outcome.WARNED


def test_a_stream_of_advisories_keeps_them() -> None:
    connection = {**CONNECTION["connection"], "advisory_stream": "ADVISORIES"}
    (finding,) = dead_letters(True, consumer(), connection=connection)
    assert finding.outcome is Outcome.PASSED


def test_consumers_of_an_account_that_no_connection_hears_are_told() -> None:
    other = {"connection": {**CONNECTION["connection"], "account": "B"}}
    (finding,) = dead_letters(None, consumer(), **other)
    assert finding.outcome is Outcome.FAILED
    assert finding.what == (
        "no connection hears account A, so dead letters are unknown: ORDERS/worker"
    )
    assert "sources.nats.main.connections" in finding.advice
    imported = {"connection": {**other["connection"], "imports": {"A": "a"}}}
    (heard,) = dead_letters(None, consumer(), **imported)
    assert heard.outcome is Outcome.WARNED
    assert "'$JS.EVENT.ADVISORY.>,a.$JS.EVENT.ADVISORY.>'" in heard.advice
    assert "--no-ack" in heard.advice


def test_each_connection_is_judged_by_its_own_advisory_stream() -> None:
    captured = {**CONNECTION["connection"], "advisory_stream": "ADVISORIES"}
    plain = {**CONNECTION["connection"], "account": "B"}
    found = dead_letters(
        True,
        consumer(),
        msgspec.structs.replace(consumer(), account="B"),
        connections=[captured, plain],
    )
    assert [finding.outcome for finding in found] == [Outcome.PASSED, Outcome.WARNED]


def test_a_consumer_that_needs_no_acknowledgement_gives_nothing_up() -> None:
    assert dead_letters(None, consumer(max_deliver=-1, ack_policy="none")) == []


def test_delivery_without_end_is_doubtful_unless_the_spec_means_it() -> None:
    (finding,) = dead_letters(None, consumer(max_deliver=-1))
    assert finding.outcome is Outcome.WARNED
    expects = {"ORDERS": {"consumers": {"worker": {"max_deliver": "unlimited"}}}}
    assert dead_letters(None, consumer(max_deliver=-1), expects=expects) == []


@pytest.mark.parametrize(
    ("backoff", "seconds"),
    [((), 90.0), ((1.0, 5.0), 11.0), ((1.0, 2.0, 4.0, 8.0), 7.0)],
)
def test_giving_up_takes_all_waits_and_the_last_step_of_backoff_repeats(
    backoff: tuple[float, ...], seconds: float
) -> None:
    assert retries.longest(3, 30.0, backoff) == seconds


def platforms(*of: Stream | Consumer, tries: tuple[int, int] | None) -> retries.Platforms:
    policy = (
        {"RetryPolicy": {"MaximumRetryAttempts": tries[0], "MaximumEventAgeInSeconds": tries[1]}}
        if tries
        else {}
    )
    target = LiveTarget({"Id": "t", "Arn": "a", **policy})
    rule = LiveRule("bus", "rule", "arn:aws:events:eu-west-1:1:rule/bus/rule", True, (target,))
    aws = EventBridgeFacts("eu-west-1", "1", (rule,))
    return retries.Platforms({"main": snapshot(*of)}, {"cloud": aws})


NAMED: dict[str, Any] = {"expects": {"ORDERS": {"consumers": {"worker": {}}}}}


def test_a_target_without_policy_is_compared_by_what_aws_takes() -> None:
    found = [*retries.judge(system(**NAMED), platforms(stream(), consumer(), tries=None))]
    assert "tries 185 over 1d; JetStream tries 3 over 1h" in found[-1].what
    assert '"MaximumRetryAttempts":3,"MaximumEventAgeInSeconds":3600' in found[-1].advice


def test_what_the_spec_expects_counts_and_not_what_the_server_has_by_mistake() -> None:
    made = system(expects={"ORDERS": {"consumers": {"worker": {"max_deliver": 5}}}})
    found = [*retries.judge(made, platforms(stream(), consumer(), tries=(5, 3600)))]
    assert [one.outcome for one in found] == ["passed", "passed"]


def test_consumers_that_the_spec_does_not_name_are_no_measure() -> None:
    assert [*retries.judge(system(), platforms(stream(), consumer(), tries=(9, 60)))] == []


@pytest.mark.parametrize("max_age", [None, 7 * 86_400.0])
def test_beyond_the_limits_of_eventbridge_the_closest_is_expected(max_age: float | None) -> None:
    def judged(tries: tuple[int, int]) -> CheckFinding:
        live = platforms(stream(max_age=max_age), consumer(), tries=tries)
        return [*retries.judge(system(**NAMED), live)][-1]

    found = judged((3, 3600))
    assert found.outcome is Outcome.FAILED
    assert "closest on EventBridge: 3 over 1d" in found.what
    assert '"MaximumEventAgeInSeconds":86400' in found.advice
    assert judged((3, 86_400)).outcome is Outcome.PASSED


def test_the_table_has_both_platforms() -> None:
    rows = retries.rows(system(**NAMED), platforms(stream(), consumer(), tries=(3, 3600)))
    assert rows[1:] == (
        ("JetStream", "ORDERS/worker", "3", "30s", "1h"),
        ("EventBridge", "bus/rule → t", "3", "more each time", "1h"),
    )
