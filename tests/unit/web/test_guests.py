from dataclasses import dataclass

import pytest

from obs.web.guests import Guest, Guests, shared_address
from obs.web.limits import Places

PLACES = Places(total=16, per_address=12, loopback_only=2)


@dataclass
class StubLine:
    closed: bool = False

    def end(self) -> None:
        self.closed = True

    def unsent(self) -> bool:
        return True

    def closing(self) -> bool:
        return self.closed


def admitted(guests: Guests, address: str, now: float = 0.0) -> Guest:
    guest, _ = guests.admit(address, now)
    assert guest is not None
    return guest


def test_the_client_of_an_address_that_waited_longest_makes_way_for_another_of_it() -> None:
    guests = Guests(PLACES)
    first = admitted(guests, "10.0.0.1", 0.0)
    for second in range(1, 12):
        admitted(guests, "10.0.0.1", float(second))
    newcomer, gone = guests.admit("10.0.0.1", 12.0)
    assert newcomer is not None
    assert gone is first
    assert len(guests) == 12


def test_a_client_whose_request_is_answered_does_not_make_way() -> None:
    guests = Guests(PLACES)
    for _ in range(12):
        admitted(guests, "10.0.0.1").patience.answering(0.0)
    assert guests.admit("10.0.0.1", 1.0) == (None, None)


def test_a_client_of_another_address_gets_in_beside_one_that_takes_all_it_can() -> None:
    guests = Guests(PLACES)
    for _ in range(12):
        admitted(guests, "10.0.0.1").patience.answering(0.0)
    newcomer, gone = guests.admit("10.0.0.2", 1.0)
    assert newcomer is not None
    assert gone is None


def test_the_address_that_holds_most_makes_way_when_all_places_are_taken() -> None:
    guests = Guests(PLACES)
    for _ in range(12):
        admitted(guests, "10.0.0.1")
    for _ in range(2):
        admitted(guests, "10.0.0.2")
    newcomer, gone = guests.admit("10.0.0.3", 1.0)
    assert newcomer is not None
    assert gone is not None
    assert gone.address == "10.0.0.1"


def test_who_has_as_many_as_the_others_does_not_drive_them_out() -> None:
    guests = Guests(PLACES)
    for host in range(14):
        admitted(guests, f"10.0.0.{host}").patience.answering(0.0)
    assert guests.admit("10.0.0.1", 1.0) == (None, None)


def test_places_are_kept_for_checks_from_this_machine() -> None:
    guests = Guests(PLACES)
    for host in range(14):
        admitted(guests, f"10.0.0.{host}").patience.answering(0.0)
    assert guests.admit("10.0.1.1", 1.0) == (None, None)
    assert guests.admit("127.0.0.1", 1.0)[0] is not None
    assert guests.admit("::1", 1.0)[0] is not None


def test_a_connection_that_ended_frees_its_place_once() -> None:
    guests = Guests(PLACES)
    guest = admitted(guests, "10.0.0.1")
    guests.remove(guest)
    guests.remove(guest)
    assert len(guests) == 0
    assert guests.all() == []


def test_a_connection_that_closes_has_only_little_time_left() -> None:
    guest = Guest("10.0.0.1", 0.0)
    guest.line = StubLine(closed=True)
    assert guest.overdue(1.0) is None
    assert guest.overdue(7.0)


@pytest.mark.parametrize(
    ("peer", "shared"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::1", "::1"),
        ("", ""),
    ],
)
def test_an_ipv6_client_counts_by_its_network(peer: str, shared: str) -> None:
    assert shared_address(peer) == shared
