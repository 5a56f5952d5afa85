from hypothesis import given
from hypothesis import strategies as st

from obs.sources.nats.clocks import Ahead, ServerClocks, ahead


def test_a_request_bounds_how_far_the_servers_clock_is_ahead() -> None:
    assert ahead(105.0, asked=99.0, answered=101.0) == Ahead(4.0, 6.0)
    assert ahead(105.0, asked=99.0, answered=101.0).middle == 5.0


def test_requests_that_agree_make_the_bounds_tighter() -> None:
    clocks = ServerClocks()
    clocks.observe("S", Ahead(4.0, 6.0))
    assert clocks.observe("S", Ahead(5.0, 9.0)) == Ahead(5.0, 6.0)
    assert clocks.observe("S", Ahead(0.0, 9.0)) == Ahead(5.0, 6.0)


def test_a_clock_that_was_set_starts_the_bounds_again() -> None:
    clocks = ServerClocks()
    clocks.observe("S", Ahead(4.0, 6.0))
    assert clocks.observe("S", Ahead(-90.0, -80.0)) == Ahead(-90.0, -80.0)


def test_servers_are_told_apart_and_forgotten() -> None:
    clocks = ServerClocks()
    clocks.observe("S", Ahead(4.0, 6.0))
    assert clocks.observe("T", Ahead(0.0, 1.0)) == Ahead(0.0, 1.0)
    clocks.keep({"T"})
    assert clocks.observe("S", Ahead(0.0, 9.0)) == Ahead(0.0, 9.0)


@given(
    st.floats(-100, 100),
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), min_size=1),
)
def test_the_true_difference_is_always_within_the_bounds(
    offset: float, requests: list[tuple[float, float]]
) -> None:
    clocks, now = ServerClocks(), 1000.0
    for before, after in requests:
        seen = ahead(now + before + offset, now, now + before + after)
        found = clocks.observe("S", seen)
        assert found.least - 1e-6 <= offset <= found.most + 1e-6
        now += 60
