"""Machines of their own as network namespaces (Linux, root): cables between them that are pulled
or lose every packet.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Final

_MOST: Final = 250
_NUMBERS: Final = count(os.getpid())
_NOWHERE: Final = "02:00:00:00:00:99"


@dataclass(frozen=True)
class Cable:
    """Between this machine, at `here`, and another one, at `there`."""

    machine: str  # its network namespace
    name: str  # of the interfaces at both ends
    here: str
    there: str

    def pull(self) -> None:
        """Take it away: whoever asks for an address beyond it is refused at once."""
        self._inside("ip", "link", "set", self.name, "down")

    def plug(self) -> None:
        """Put it back."""
        self._inside("ip", "link", "set", self.name, "up")

    def swallow(self) -> None:
        """Lose every packet in both directions, without a sign to anybody."""
        for end, address in ((self._inside, self.here), (_run, self.there)):
            where = ("dev", self.name, "lladdr", _NOWHERE, "nud", "permanent")
            end("ip", "neigh", "replace", address, *where)

    def pass_on(self) -> None:
        """Lose no more."""
        for end, address in ((self._inside, self.here), (_run, self.there)):
            end("ip", "neigh", "del", address, "dev", self.name)

    def _inside(self, *command: str) -> None:
        _run("ip", "netns", "exec", self.machine, *command)


@dataclass(frozen=True)
class Machine:
    """A network namespace."""

    name: str

    @property
    def enter(self) -> tuple[str, ...]:
        """The beginning of a command that runs in it."""
        ip = shutil.which("ip")
        assert ip is not None
        return (ip, "netns", "exec", self.name)

    def cable(self, number: int) -> Cable:
        """A new cable to it."""
        name, net = f"{self.name}-{number}", f"198.18.{int(self.name[3:])}"
        cable = Cable(self.name, name, f"{net}.{number * 4 + 1}", f"{net}.{number * 4 + 2}")
        _run("ip", "link", "add", name, "type", "veth", "peer", name, "netns", self.name)
        for end, address in ((_run, cable.here), (cable._inside, cable.there)):
            end("ip", "address", "add", f"{address}/30", "dev", name)
            end("ip", "link", "set", name, "up")
        return cable


@contextmanager
def machine() -> Iterator[Machine]:
    """One more machine; it and its cables go with the context."""
    made = _free()
    try:
        _run(*made.enter, "ip", "link", "set", "lo", "up")
        yield made
    finally:
        _run("ip", "netns", "del", made.name)


def _free() -> Machine:
    """A network namespace of a name that no other run of these drills has."""
    for _ in range(_MOST):
        made = Machine(f"obs{next(_NUMBERS) % _MOST}")
        try:
            _run("ip", "netns", "add", made.name)
        except subprocess.CalledProcessError as error:
            if b"exists" not in error.stderr:
                raise
        else:
            return made
    raise AssertionError("all names are taken")


def missing() -> str:
    """Why there can be no such machine here; empty where there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "there is no command ip"
    try:
        with machine() as made:
            made.cable(0)
    except subprocess.CalledProcessError as error:
        return f"no network namespaces here: {error.stderr.decode().strip()}"
    return ""


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)
