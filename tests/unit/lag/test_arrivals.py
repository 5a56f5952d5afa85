from obs.lag.arrivals import Arrivals


def test_outstanding_messages_are_counted_back_from_the_newest_arrival() -> None:
    arrivals = Arrivals()
    for poll in range(11):
        arrivals.observe(15 if poll else 0, True, None, 15.0 * poll, 2.0)
    found = arrivals.newest(60)
    assert found is not None
    time, off, exact = found
    assert abs(time - 91) <= 1
    assert 0 < off <= 15
    assert exact


def test_what_came_before_the_first_poll_is_not_known() -> None:
    arrivals = Arrivals()
    arrivals.observe(0, True, None, 0.0, 2.0)
    arrivals.observe(15, True, None, 15.0, 2.0)
    assert arrivals.newest(15) is not None
    assert arrivals.newest(16) is None


def test_nothing_is_said_of_the_first_unsettled_before_all_was_settled_once() -> None:
    arrivals = Arrivals()
    arrivals.observe(0, True, None, 0.0, 2.0)
    assert arrivals.first_unsettled() is None
    arrivals.observe(10, True, 0, 15.0, 2.0)
    arrivals.observe(0, True, None, 900.0, 2.0)
    arrivals.observe(3, True, None, 915.0, 2.0)
    found = arrivals.first_unsettled()
    assert found is not None
    assert 900 < found[0] <= 915


def test_a_count_that_may_be_off_says_so() -> None:
    arrivals = Arrivals()
    for poll, exact in enumerate((True, True, False, True)):
        arrivals.observe(10 if poll else 0, exact, None, 15.0 * poll, 2.0)
    after, before = arrivals.newest(3), arrivals.newest(15)
    assert after is not None
    assert before is not None
    assert after[2]
    assert not before[2]


def test_where_arrivals_went_uncounted_it_is_not_known_when_all_others_had_arrived() -> None:
    arrivals = Arrivals()
    arrivals.observe(0, True, None, 100.0, 2.0)
    arrivals.observe(0, True, None, 115.0, 2.0)
    assert arrivals.known_from == 100.0
    arrivals.observe(0, False, None, 130.0, 2.0)
    assert arrivals.known_from is None
