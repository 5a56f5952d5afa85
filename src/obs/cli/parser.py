"""The argument parser of every command: a mistake is one line, with what was probably meant."""

import argparse
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from obs.errors import BAD_INPUT


class Parser(argparse.ArgumentParser):
    """Argparse's parser, except for its errors: one line, exit code 2, the closest match."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message.removeprefix('argument ')}\n")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        """As argparse, but nothing unknown is left over: the command it is for reports it."""
        # Before argparse reports as missing what is only misspelt.
        if args is not None and self._subparsers is None:
            self._refuse(self._unknown_options(args))
        known, rest = super().parse_known_args(args, namespace)
        self._refuse(rest)
        return known, rest

    def _unknown_options(self, words: Sequence[str]) -> Iterable[str]:
        for word in words:
            if word == "--":
                return
            name = word.partition("=")[0]
            # Argparse takes a word with a space for a value, and the beginning of an option for it.
            if name.startswith("--") and " " not in word and not self._options(name):
                yield word

    def _options(self, beginning: str) -> list[str]:
        return [name for name in self._option_string_actions if name.startswith(beginning)]

    def _refuse(self, words: Iterable[str]) -> None:
        for word in words:
            if not word.startswith("-"):
                self.error(f"unexpected argument {word}; see `{self.prog} --help`")
            name = word.partition("=")[0]
            # Without their dashes, which would make any two of them alike.
            known = [option.lstrip("-") for option in self._options("--")]
            close = get_close_matches(name.lstrip("-").lower(), known, n=1)
            hint = f"did you mean --{close[0]}?" if close else f"see `{self.prog} --help`"
            self.error(f"unknown option {name}; {hint}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Replaces argparse's check, whose message has no hint and differs between Pythons."""
        from obs.spec.report import did_you_mean

        if action.choices is None or value in action.choices:
            return
        choices = list(map(str, action.choices))
        hint = did_you_mean(str(value), choices) or f"; choose from {', '.join(choices)}"
        if action.option_strings:
            self.error(f"{'/'.join(action.option_strings)} {value}: no such choice{hint}")
        self.error(f"no {str(action.metavar).lower()} {value!r}{hint}")
