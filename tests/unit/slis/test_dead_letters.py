from obs.slis.dead_letters import DeadLetterCounts, HeardSpan, knows


def test_dead_letters_are_told_apart_by_the_minute_in_which_they_happened() -> None:
    counts = DeadLetterCounts()
    for at, tries in ((59, 3), (60, 5), (130, 3)):
        counts.add(at, tries)
    assert [counts.by(moment) for moment in (0, 60, 120, 180)] == [(0, 0), (1, 3), (2, 8), (3, 11)]
    again = DeadLetterCounts(counts.total, counts.deliveries, counts.minutes)
    assert again.by(120) == (2, 8)


def test_a_clock_that_was_set_back_leaves_none_in_the_future() -> None:
    counts = DeadLetterCounts()
    counts.add(7200, 1)
    counts.add(60, 1)
    assert counts.by(120) == (2, 2)


def test_old_dead_letters_stay_counted() -> None:
    counts = DeadLetterCounts()
    counts.add(0, 1)
    counts.add(100_000, 1)
    assert len(counts.minutes) == 1
    assert counts.by(60) == (1, 1)


def test_a_period_is_known_where_one_span_covers_it() -> None:
    spans = (HeardSpan(0, 100), HeardSpan(150, 200))
    assert knows(spans, 20, 100) is True
    assert knows(spans, 90, 160) is False, "the gap stays unknown"
    assert knows(spans, 160, 230) is None, "it may still be heard"
    assert knows((), 0, 60) is None
