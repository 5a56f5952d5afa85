"""Accounts are told apart by their id, and each keeps its label."""

from collections.abc import Mapping

from obs.sources.nats.accounts import AccountLabels
from obs.sources.nats.jsz import AccountReport, StreamReport
from obs.sources.nats.leaders import Merged, ServerReport, merge

RED, BLUE = "ARED5678ZZ", "ABLU5678ZZ"


def accounts(**created: str) -> Merged:
    """Accounts named `orders`, by id: when the stream of each was created."""
    return merge(
        [
            ServerReport(
                "n1",
                tuple(
                    AccountReport("orders", (StreamReport("S", created=at),), id=account)
                    for account, at in created.items()
                ),
            )
        ]
    )


def labels(known: AccountLabels, merged: Merged, *, complete: bool = True) -> Mapping[str, str]:
    return known.of(merged, complete=complete)


def test_two_accounts_of_one_name_are_two() -> None:
    merged = accounts(ARED="1", ABLU="2")
    assert [key.account for key in merged] == ["ARED", "ABLU"]


def test_an_account_without_an_id_is_its_name() -> None:
    report = AccountReport("$G", (StreamReport("S"),))
    (key,) = merge([ServerReport("n1", (report,))])
    assert key.account == "$G"


def test_the_label_is_the_name_where_no_other_account_has_it() -> None:
    assert labels(AccountLabels(), accounts(**{RED: "1"})) == {RED: "orders"}


def test_of_two_with_one_name_the_older_has_it_and_the_other_a_piece_of_its_id() -> None:
    found = labels(AccountLabels(), accounts(**{BLUE: "2", RED: "1"}))
    assert found == {RED: "orders", BLUE: "orders (ABLU5678)"}


def test_a_label_stays_when_another_account_of_the_name_is_made_later() -> None:
    known = AccountLabels()
    labels(known, accounts(**{RED: "2"}))
    assert labels(known, accounts(**{RED: "2", BLUE: "1"}))[RED] == "orders"


def test_a_label_stays_over_a_restart_although_the_streams_it_was_given_for_are_gone() -> None:
    known = AccountLabels()
    before = labels(known, accounts(**{RED: "1", BLUE: "2"}))
    assert labels(AccountLabels(known.saved), accounts(**{RED: "3", BLUE: "2"})) == before


def test_a_label_stays_when_the_other_account_goes() -> None:
    known = AccountLabels()
    labels(known, accounts(**{RED: "1", BLUE: "2"}))
    assert labels(known, accounts(**{BLUE: "2"})) == {BLUE: "orders (ABLU5678)"}


def test_an_account_made_again_under_its_name_has_that_as_its_label() -> None:
    known = AccountLabels()
    labels(known, accounts(**{RED: "1"}))
    assert labels(known, accounts(**{BLUE: "2"})) == {BLUE: "orders"}


def test_the_name_is_not_free_while_a_server_that_may_have_its_account_does_not_answer() -> None:
    known = AccountLabels()
    labels(known, accounts(**{RED: "1"}))
    found = labels(known, accounts(**{BLUE: "2"}), complete=False)
    assert found == {BLUE: "orders (ABLU5678)"}
    assert labels(known, accounts(**{RED: "1", BLUE: "2"}))[RED] == "orders"


def test_ids_that_begin_alike_still_have_labels_of_their_own() -> None:
    ids = ("ASAME678AAAA", "ASAME678BBBB", "ASAME678CCCC")
    found = labels(AccountLabels(), accounts(**dict.fromkeys(ids, "1")))
    assert len(set(found.values())) == 3


def test_an_account_is_found_by_its_id_and_by_its_label() -> None:
    known = AccountLabels()
    labels(known, accounts(**{RED: "1", BLUE: "2"}))
    assert known.label(BLUE) == known.label("orders (ABLU5678)") == "orders (ABLU5678)"
    assert known.label("orders") == known.label(RED) == "orders"
