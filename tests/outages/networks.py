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
        """This machine's address at a link; the same for all collectors, as that of a server is."""
        return f"198.18.{os.getpid() % 256}.{LINKS.index(link) + 1}"

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
                _ip("addr", "replace", f"{self.here(link)}/32", "dev", "lo")
            self.mend()
            for number, link in enumerate(LINKS):
                way = ("via", self._address(number, 1), "dev", link)
                _ip("-n", self.name, "route", "add", self.here(link), *way)
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove()
        for each in LINKS:
            subprocess.run(
                [_IP, "addr", "del", f"{self.here(each)}/32", "dev", "lo"],
                check=False,  # the first network that ends takes it away
                capture_output=True,
            )

    def _remove(self) -> None:
        """Connections that are not closed yet keep a namespace, and so its links."""
        for each in LINKS:
            subprocess.run(
                [_IP, "link", "del", self._device(each)], check=False, capture_output=True
            )
        _ip("netns", "del", self.name)

    def _device(self, link: str) -> str:
        return f"o{os.getpid()}-{self._number}{link[0]}"

    def _address(self, number: int, end: int) -> str:
        block = 4 * (len(LINKS) * self._number + number + 1) + end
        return f"198.18.{os.getpid() % 256}.{block % 256}"


def _ip(*arguments: str) -> None:
    subprocess.run([_IP, *arguments], check=True, capture_output=True)
