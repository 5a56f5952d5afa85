from obs.collector.health import PushHealth
from obs.errors import SourceError
from obs.sinks.pushed import Pushed

NOW = 1_790_000_000.0


def ended(outcome: Pushed, wait: float = 30.0) -> PushHealth:
    health = PushHealth("otlp", "http://collector:4318", 30.0, up=True)
    health.ended(outcome, NOW, wait)
    return health


def refused(pause: float | None) -> Pushed:
    return Pushed(failure=SourceError("throttled", "HTTP status 429", pause=pause))


def test_an_accepted_push_is_up_and_says_when_the_next_one_is() -> None:
    health = ended(Pushed(7))
    assert (health.up, health.points, health.error) == (True, 7, "")
    assert (health.last_success, health.next_push) == (NOW, NOW + 30)


def test_what_was_accepted_before_a_failure_is_counted() -> None:
    health = ended(Pushed(40, 2, SourceError("partial", "2 of 42 points rejected: too old")))
    assert (health.up, health.points, health.rejected) == (False, 40, 2)
    assert (health.error, health.reason) == ("2 of 42 points rejected: too old", "partial")
    assert health.errors == {"partial": 1}
    assert health.last_success is None


def test_a_pause_that_a_receiver_asks_for_is_told() -> None:
    health = ended(refused(45.0), 45.0)
    assert health.error == "HTTP status 429; the receiver asks for a pause of 45 s"
    assert health.next_push == NOW + 45


def test_a_pause_that_is_not_kept_in_full_is_told_with_what_is_done() -> None:
    assert ended(refused(999_999_999.0), 300.0).error == (
        "HTTP status 429; the receiver asks for a pause of 999999999 s; "
        "the next push is in 300 s all the same"
    )


def test_without_a_pause_nothing_is_said_of_one() -> None:
    assert ended(refused(None)).error == "HTTP status 429"
