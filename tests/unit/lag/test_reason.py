from obs.lag import reason


def test_reasons_are_named_in_their_order() -> None:
    bits = reason.NO_LEADER | reason.NO_PULLER | reason.MESSAGE_RETRYING
    assert reason.names(bits) == ("no_puller", "message_retrying", "no_leader")
    assert reason.names(0) == ()


def test_every_reason_has_a_bit_of_its_own() -> None:
    assert tuple(reason.names(1 << bit)[0] for bit in range(len(reason.REASONS))) == reason.REASONS
