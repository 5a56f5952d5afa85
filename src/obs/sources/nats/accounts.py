"""What the accounts of a cluster are called on series.

Where a server has an operator, an account is its public key, and its name is for people: several
accounts may have the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from obs.sources.nats.leaders import Merged

_PIECE: Final = 8  # characters of the id
_ABSENT: Final = 1000  # accounts that were deleted, at least, before any is forgotten
_UNTOLD: Final = 10_000  # accounts that are not told, before the oldest are forgotten

SavedLabels = Mapping[str, tuple[str, str]]  # by id: name and label


class AccountLabels:
    """One label for each account, which it keeps for as long as it is there.

    It is the account's name as long as no other account has it. Where two have the same name, the
    one with the older streams has it as its label, and the other has a piece of its id with it. So
    the label of an account stays what it is when another of its name is made later, and collectors
    that start at different times agree.
    """

    def __init__(self, saved: SavedLabels | None = None) -> None:
        self.saved: SavedLabels = dict(saved or {})

    def of(self, merged: Merged, *, complete: bool) -> Mapping[str, str]:
        """By id, the labels of the accounts that have streams.

        `complete`: an account without streams here has none. Its label is free for another then.
        """
        names = {key.account: reports.account_name for key, reports in merged.items()}
        known = self.saved
        new = [each for each in names if each not in known or known[each][0] != names[each]]
        if new:
            self._assign(new, names, merged, complete)
            known = self.saved
        return {each: known[each][1] for each in names}

    def label(self, account: str) -> str:
        """The label of an account, given that or its id."""
        return self.saved[account][1] if account in self.saved else account

    def of_all(self, names: Mapping[str, str]) -> Mapping[str, str]:
        """By id, the labels of these accounts, given their names.

        One without streams has no label that is kept: its name, or where another account has that,
        the name with a piece of its id.
        """
        without = {each: name for each, name in names.items() if each not in self.saved}
        shared = Counter(without.values())
        kept = {label for _, label in self.saved.values()}
        taken = kept | {name for name, number in shared.items() if number > 1}
        return {
            each: _label(each, name, taken) if each in without else self.label(each)
            for each, name in names.items()
        }

    def _assign(
        self, new: list[str], names: Mapping[str, str], merged: Merged, complete: bool
    ) -> None:
        entries = {each: entry for each, entry in self.saved.items() if each not in new}
        absent = [each for each in entries if each not in names] if complete else []
        labels = {label for each, (_, label) in entries.items() if each not in absent}
        for account in _oldest_first(new, merged):
            label = _label(account, names[account], labels)
            labels.add(label)
            entries[account] = (names[account], label)
        wanted = {entries[each][1] for each in new}
        many = len(absent) > _ABSENT
        for each in absent:
            if many or entries[each][1] in wanted:
                del entries[each]
        untold = [each for each in entries if each not in names]
        for each in untold[: max(len(untold) - _UNTOLD, 0)]:
            del entries[each]
        self.saved = entries


def _oldest_first(accounts: Iterable[str], merged: Merged) -> list[str]:
    oldest: dict[str, str] = {}
    for key, reports in merged.items():
        created = reports.stream.created
        oldest[key.account] = min(oldest.get(key.account, created), created)
    return sorted(accounts, key=lambda account: (oldest[account], account))


def _label(account: str, name: str, taken: set[str]) -> str:
    """The name, or where it is taken the name and enough of the id to tell the two apart."""
    name = name or account
    if name not in taken:
        return name
    pieces = range(_PIECE, len(account) + _PIECE, _PIECE)
    labels = [f"{name} ({account[:length]})" for length in pieces]
    return next((label for label in labels if label not in taken), account)
