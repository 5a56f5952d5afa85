"""Sums over the instances of a service, which come, go, come back and count from zero again."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from obs.sources.nats.service_counts import (
    ENDED,
    MOST,
    WINDOW,
    Counts,
    Instance,
    Place,
    ServiceCounts,
    grown,
)

NOW = 1_800_000_000.0
GET = Place("get", "orders.get", "q")


def instance(
    id: str, *counts: int, started: float | None = NOW - 60, place: Place = GET
) -> Instance:
    """An instance of one endpoint; `counts`: requests, errors, nanoseconds."""
    return Instance(id, "1.0.0", started, {place: Counts(*counts)})


def total(service: ServiceCounts, name: str = "get") -> Counts:
    return service.endpoints[name].total


def test_what_instances_count_is_added_up_from_answer_to_answer() -> None:
    service = ServiceCounts()
    service.observe([instance("a", 10, 1, 100), instance("b", 5)], NOW)
    service.observe([instance("a", 12, 1, 150), instance("b", 5)], NOW + 15)
    assert total(service) == (17, 1, 150)


def test_an_instance_that_is_gone_leaves_its_part_and_its_successor_adds_to_it() -> None:
    service = ServiceCounts()
    service.observe([instance("a", 10)], NOW)
    service.observe([], NOW + 15)
    assert total(service) == (10, 0, 0)
    service.observe([instance("b", 3, started=NOW + 20)], NOW + 30)
    assert total(service) == (13, 0, 0)


def test_an_instance_that_comes_back_is_not_counted_twice() -> None:
    service = ServiceCounts()
    service.observe([instance("a", 10)], NOW)
    service.observe([], NOW + 15)
    service.observe([instance("a", 14)], NOW + 30)
    assert total(service) == (14, 0, 0)


def test_not_even_after_it_was_forgotten() -> None:
    service = ServiceCounts()
    service.observe([instance("a", 10)], NOW)
    service.observe([], NOW + 2 * ENDED)
    assert not service.instances
    service.observe([instance("a", 14)], NOW + 2 * ENDED + 15)
    assert total(service) == (10, 0, 0), "what it counted meanwhile is lost"
    service.observe([instance("a", 15)], NOW + 2 * ENDED + 30)
    assert total(service) == (11, 0, 0)


def test_an_instance_that_tells_no_start_may_be_a_forgotten_one() -> None:
    service = ServiceCounts()
    service.observe([instance("a", 10, started=None)], NOW)
    service.observe([], NOW + 2 * ENDED)
    service.observe([instance("b", 4, started=NOW + 2 * ENDED)], NOW + 2 * ENDED)
    assert total(service) == (10, 0, 0)
    service.observe([instance("b", 6, started=NOW + 2 * ENDED)], NOW + 2 * ENDED + 15)
    assert total(service) == (12, 0, 0)


def test_an_instance_that_counts_from_zero_again_adds_all_that_it_has() -> None:
    assert grown(Counts(10, 2, 500), Counts(3, 0, 100)) == (3, 0, 100)
    assert grown(Counts(10, 2, 500), Counts(12, 0, 600)) == (12, 0, 600), "its errors fell"
    assert grown(Counts(10, 2, 500), Counts(12, 2, 600)) == (2, 0, 100)
    assert grown(None, Counts(3, 0, 100)) == (3, 0, 100)


def test_endpoints_of_one_name_are_one_each_counted_by_its_subject() -> None:
    service, other = ServiceCounts(), Place("get", "orders.v2.get", "q")
    both = Instance("a", "1", NOW, {GET: Counts(10), other: Counts(5)})
    service.observe([both], NOW)
    assert total(service) == (15, 0, 0)
    service.observe([instance("a", 11)], NOW + 15)  # the other one cannot be read
    service.observe([both._replace(endpoints={GET: Counts(12), other: Counts(6)})], NOW + 30)
    assert total(service) == (18, 0, 0)


def test_a_sum_stays_where_floats_are_no_longer_exact() -> None:
    service = ServiceCounts()
    service.observe([instance("a", MOST), instance("b", MOST)], NOW)
    assert total(service).requests == MOST


def test_the_last_error_is_when_errors_were_seen_to_rise() -> None:
    service = ServiceCounts()
    service.observe([instance("a", 10, 2)], NOW)
    assert service.endpoints["get"].last_error is None, "they may be old"
    service.observe([instance("a", 12, 2)], NOW + 15)
    assert service.endpoints["get"].last_error is None
    service.observe([instance("a", 12, 2), instance("b", 1, 1)], NOW + 30)
    assert service.endpoints["get"].last_error == NOW + 30
    service.observe([instance("a", 14, 2), instance("b", 1, 1)], NOW + 45)
    assert service.endpoints["get"].last_error == NOW + 30


def test_the_average_is_that_of_the_last_minutes_and_absent_without_requests() -> None:
    service = ServiceCounts()
    service.observe([instance("a", 1_000, 0, 10**9)], NOW)
    assert service.endpoints["get"].average is None
    service.observe([instance("a", 1_002, 0, 5 * 10**9)], NOW + 15)
    assert service.endpoints["get"].average == 2.0
    for after in range(30, 330, 15):
        service.observe([instance("a", 1_002, 0, 5 * 10**9)], NOW + after)
    assert service.endpoints["get"].average is None
    assert len(service.endpoints["get"].marks) <= WINDOW / 15 + 2


def test_an_answer_cut_short_says_nothing_about_what_it_leaves_out() -> None:
    service = ServiceCounts()
    service.observe([instance("a", 1), instance("b", 1)], NOW)
    service.observe([instance("a", 2)], NOW + 15, all_told=False)
    assert [each.id for each in service.running] == ["a", "b"]


class Running:
    """One instance as it is, and what it has counted in its life."""

    def __init__(self, id: str, started: float) -> None:
        self.id, self.started = id, started
        self.counts = self.ever = 0
        self.answers = True

    def tell(self) -> Instance:
        return instance(self.id, self.counts, started=self.started)


# Each step: seconds since the one before, and for each instance what happens to it.
DEEDS = st.sampled_from(["nothing", "requests", "reset", "stop", "silence", "speak"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from([1.0, 15.0, 600.0, ENDED + 1]),
        st.lists(st.tuples(DEEDS, st.integers(1, 50)), min_size=4, max_size=4),
        st.booleans(),
    ),
    max_size=25,
)


@given(STEPS)
def test_a_sum_never_falls_and_counts_nothing_twice(
    steps: Iterable[tuple[float, list[tuple[str, int]], bool]],
) -> None:
    service, now, before = ServiceCounts(), NOW, 0
    places: list[Running | None] = [None] * 4
    every: list[Running] = []
    for seconds, deeds, asked in steps:
        now += seconds
        for place, (deed, number) in enumerate(deeds):
            it = places[place]
            if it is None:
                it = places[place] = Running(f"i{len(every)}", now)
                every.append(it)
            _do(it, deed, number)
            if deed == "stop":
                places[place] = None
        if not asked:
            continue
        service.observe([each.tell() for each in places if each and each.answers], now)
        counted = service.endpoints["get"].total.requests if service.endpoints else 0
        assert before <= counted <= sum(each.ever for each in every)
        before = counted


@given(STEPS)
def test_a_sum_is_exact_where_each_answers_before_its_count_begins_anew(
    steps: Iterable[tuple[float, list[tuple[str, int]], bool]],
) -> None:
    service, now = ServiceCounts(), NOW
    places: list[Running | None] = [None] * 4
    every: list[Running] = []
    for seconds, deeds, _ in steps:
        now += min(seconds, ENDED / 2)
        for place, (deed, number) in enumerate(deeds):
            it = places[place]
            if it is None:
                it = places[place] = Running(f"i{len(every)}", now)
                every.append(it)
            if deed in ("nothing", "requests", "reset", "stop"):
                _do(it, deed, number)
            if deed == "stop":
                places[place] = None
        service.observe([each.tell() for each in places if each], now)
        told = sum(each.ever for each in every)
        assert (service.endpoints["get"].total.requests if service.endpoints else 0) == told


def _do(it: Running, deed: str, number: int) -> None:
    match deed:
        case "requests":
            it.counts += number
            it.ever += number
        case "reset":
            it.counts = 0
        case "silence":
            it.answers = False
        case "speak":
            it.answers = True
