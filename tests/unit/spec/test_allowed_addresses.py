"""Which addresses a probe may connect to."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from obs.spec.allowed_addresses import AllowedAddresses, AllowedNetwork

NOTHING = AllowedAddresses()


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "a loopback address"),
        ("::1", "a loopback address"),
        ("::ffff:127.0.0.1", "a loopback address"),
        ("10.1.2.3", "a private address"),
        ("172.16.0.1", "a private address"),
        ("192.168.1.1", "a private address"),
        ("fd00::1", "a private address"),
        ("::ffff:10.0.0.1", "a private address"),
        ("169.254.169.254", "a link-local address"),
        ("::ffff:169.254.169.254", "a link-local address"),
        ("64:ff9b::a9fe:a9fe", "a link-local address"),  # the same through NAT64
        ("2002:a9fe:a9fe::1", "a link-local address"),  # and through 6to4
        ("::a9fe:a9fe", "a link-local address"),
        ("fe80::1%eth0", "a link-local address"),
        ("fd00:ec2::254", "a private address"),
        ("224.0.0.1", "a multicast address"),
        ("ff02::1", "a multicast address"),
        ("0.0.0.0", "the unspecified address"),
        ("::", "the unspecified address"),
        ("100.64.0.1", "a reserved address"),  # shared, behind a carrier's NAT
        ("255.255.255.255", "a private address"),
        ("240.0.0.1", "a private address"),
        # Public for ipaddress of some versions of Python, in part or as a whole.
        *(("192.0.0.9", "a private address"), ("192.0.0.100", "a private address")),
        *(("2002:808:808::1", "a private address"), ("2001:20::1", "a private address")),
        *(("64:ff9b:1::808:808", "a private address"), ("3fff::1", "a private address")),
        ("2002:7f00:1::1", "a loopback address"),
        ("nonsense", "no IP address"),
    ],
)
def test_what_is_not_public_is_refused_unless_the_spec_names_it(address: str, kind: str) -> None:
    assert NOTHING.why_not(address) == kind


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert NOTHING.why_not(address) == ""


def test_a_network_of_the_spec_is_allowed_and_its_neighbours_are_not() -> None:
    allowed = AllowedAddresses.of(("10.0.0.0/8", "localhost", "192.168.1.7", "fd00:1::/32"))
    for address in ("10.9.9.9", "::ffff:10.9.9.9", "127.0.0.53", "::1", "192.168.1.7", "fd00:1::5"):
        assert allowed.why_not(address) == ""
    for address in ("11.0.0.1", "169.254.169.254", "192.168.1.8", "fd00:2::5", "fe80::1"):
        assert (allowed.why_not(address) == "") == (address == "11.0.0.1")


@given(st.integers(0, 2**32 - 1))
def test_no_form_of_an_address_is_allowed_that_its_plain_form_is_not(number: int) -> None:
    plain = IPv4Address(number)
    forms = (
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x0064FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80) | 1),
    )
    if NOTHING.why_not(str(plain)):
        assert all(NOTHING.why_not(str(form)) for form in forms)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10.0.0.1/8", "10.0.0.1/8 is an address within a network; write 10.0.0.0/8"),
        ("db.internal", "'db.internal' is no network; write for example 10.0.0.0/8, or localhost"),
    ],
)
def test_a_network_that_is_none_says_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(AllowedNetwork).validate_python(text)
    assert message in str(error.value)
