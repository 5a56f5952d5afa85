from obs.catalogue import own
from obs.families.family import Family, Rows, begun, single


def test_what_counts_and_does_not_say_since_when_gets_a_beginning() -> None:
    """Histograms too: a receiver of OTLP takes 0 for a beginning that nobody knows."""
    polled = Rows([("main",)])
    told = Family(own.SOURCE_POLLS, polled, [3], 5.0)
    families = [
        Family(own.SOURCE_POLLS, polled, [3]),
        Family(own.SOURCE_POLL_SECONDS, polled, [0], None, [None]),
        told,
        single(own.AWS_COST, 1.0),
    ]
    assert [each.since for each in begun(families, 9.0)] == [9.0, 9.0, 5.0, None]
