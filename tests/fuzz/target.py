"""What is fuzzed, and what it may raise."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One way in for foreign bytes.

    `call` gives a value or raises one of the documented `errors`; anything else is a fault.
    `seeds` are real samples, which are mutated.
    """

    name: str
    call: Callable[[bytes], object]
    errors: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]
    examples: int = 100  # of hypothesis in the suite; fewer where one takes long

    def __call__(self, data: bytes) -> None:
        """Raises what is not documented."""
        try:
            self.call(data)
        except self.errors as error:
            said = str(error)
            assert len(said) < LONGEST, f"an error of {len(said)} characters"
            assert "\x1b" not in said, f"an error that moves the cursor: {said!r}"


LONGEST = 20_000
"""Characters of an error; that of a spec has a line for each problem."""
