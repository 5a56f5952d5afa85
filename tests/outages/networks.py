"""A network for one collector: a namespace with links to this machine that a drill cuts."""

import os
import shutil
import subprocess
from itertools import count
from types import TracebackType
from typing import Final, Self

LINKS: Final = ("nats", "rest")
"""What a link leads to: the NATS server, or everything else."""
_IP: Final = shutil.which("ip") or "ip"
_NUMBERS: Final = count(1)


def missing() -> str:
    """Why this machine has no namespaces; empty where it has."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    name = f"obs-{os.getpid()}"
    made = subprocess.run([_IP, "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no network namespaces: {made.stderr.strip()}"
    _ip("netns", "del", name)
    return ""


class Network:
    """Context manager: a namespace, connected by one link for each of `LINKS`.

    A cut link swallows what is sent over it, as a broken cable does: nobody hears of it.
    """

    def __init__(self) -> None:
        self._number = next(_NUMBERS)
        self.name = f"obs-{os.getpid()}-{self._number}"

    @property
    def within(self) -> tuple[str, ...]:
        """A command that runs another in it."""
        return _IP, "netns", "exec", self.name

    @property
    def address(self) -> str:
        """The collector's, seen from here."""
        return self._address(LINKS.index("rest"), 2)

    def here(self, link: str) -> str:
        """This machine's address at a link, seen from the collector."""
        return self._address(LINKS.index(link), 1)

    def cut(self, *links: str) -> None:
        """Let nothing through any more."""
        for each in links:
            _ip("link", "set", self._device(each), "down")

    def mend(self) -> None:
        """Let everything through."""
        for each in LINKS:
            _ip("link", "set", self._device(each), "up")

    def __enter__(self) -> Self:
        _ip("netns", "add", self.name)
        try:
            _ip("-n", self.name, "link", "set", "lo", "up")
            for number, link in enumerate(LINKS):
                device = self._device(link)
                peer = ("peer", "name", link, "netns", self.name)
                _ip("link", "add", device, "type", "veth", *peer)
                _ip("addr", "add", f"{self._address(number, 1)}/30", "dev", device)
                _ip("-n", self.name, "addr", "add", f"{self._address(number, 2)}/30", "dev", link)
                _ip("-n", self.name, "link", "set", link, "up")
            self.mend()
        except BaseException:
            _ip("netns", "del", self.name)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _ip("netns", "del", self.name)  # and both ends of its links

    def _device(self, link: str) -> str:
        return f"o{os.getpid()}-{self._number}{link[0]}"

    def _address(self, number: int, end: int) -> str:
        block = 4 * (len(LINKS) * self._number + number) + end
        return f"198.18.{os.getpid() % 256}.{block % 256}"


def _ip(*arguments: str) -> None:
    subprocess.run([_IP, *arguments], check=True, capture_output=True)
