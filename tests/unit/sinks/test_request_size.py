from obs.sinks.request_size import RequestSize


def push(size: RequestSize, limit: int) -> int:
    """A push to a receiver with this limit; how many requests were too large."""
    refused = 0
    while size.most > limit:
        size.too_large(size.most)
        refused += 1
    size.pushed()
    return refused


def test_a_receiver_that_refused_everything_for_a_moment_gets_large_requests_again() -> None:
    size = RequestSize(5_000)
    push(size, 1)
    assert size.most == 1
    for _ in range(14):
        push(size, 9_999)
    assert size.most == 5_000


def test_a_limit_that_stays_is_tried_ever_less_often() -> None:
    size = RequestSize(5_000)
    refused = [push(size, 3_000) for _ in range(300)]
    assert refused[0] == 1
    assert sum(refused[:100]) == 7
    assert sum(refused[200:]) <= 2
    assert size.most <= 3_000


def test_it_becomes_no_smaller_than_the_smallest() -> None:
    size = RequestSize(1_000, 400)
    size.too_large(1_000)
    size.too_large(500)
    assert size.most == 400
