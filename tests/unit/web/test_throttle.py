from obs.web.throttle import WrongPasswords


def test_an_address_has_some_wrong_passwords_free_and_then_waits() -> None:
    wrong = WrongPasswords()
    for _ in range(10):
        assert wrong.wait("a", 0.0) == 0
        wrong.count("a", 0.0)
    assert wrong.wait("a", 0.0) == 3.0
    assert wrong.wait("a", 3.0) == 0


def test_wrong_passwords_of_one_address_do_not_count_for_another() -> None:
    wrong = WrongPasswords()
    for _ in range(100):
        wrong.count("a", 0.0)
    assert wrong.wait("b", 0.0) == 0
    assert wrong.remembered("b", 0.0) == 0


def test_many_addresses_that_guess_share_one_limit() -> None:
    wrong = WrongPasswords()
    for number in range(200):
        wrong.count(f"{number}", 0.0)
    assert wrong.wait("7", 0.0) > 0
    assert wrong.wait("new", 0.0) == 0


def test_wrong_passwords_are_forgotten() -> None:
    wrong = WrongPasswords()
    wrong.count("a", 0.0)
    assert wrong.remembered("a", 0.0) == 1
    assert wrong.remembered("a", 3.0) == 0


def test_addresses_without_end_are_not_kept() -> None:
    wrong = WrongPasswords()
    for number in range(20_000):
        wrong.count(f"{number}", 0.0)
    assert wrong.remembered("0", 0.0) == 0
    assert wrong.remembered("19999", 0.0) == 1
