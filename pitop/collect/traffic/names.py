"""The names of addresses, from wherever they come."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable

from pitop.kernel.dns.files import hosts_text
from pitop.kernel.sockets.names import HostNames
from pitop.model.processes import ProcessKey
from pitop.model.sockets import Owner
from pitop.model.traffic.names import hosts_names
from pitop.model.traffic.talk import Named

__all__ = ["Names"]

_MOST = 4096
_HOSTS_EVERY = 10.0  # seconds


class Names:
    """Answers that were heard, the hosts file, reverse look-ups where these are wanted: bounded, none waited for."""

    def __init__(self) -> None:
        self._heard: OrderedDict[tuple[str, str, ProcessKey | None], Named] = OrderedDict()
        self._heard_of: dict[str, int] = {}  # address → how many names of it were heard
        self._hosts: dict[str, Named] = {}
        self._hosts_text: str | None = None
        self._hosts_due = 0.0
        self._reverse: HostNames | None = None
        self._unasked: set[str] = set()
        self._found: OrderedDict[str, Named] = OrderedDict()
        self._told: tuple[Named, ...] = ()
        self._changed = True

    def close(self) -> None:
        """End the looking up."""
        if self._reverse is not None:
            self._reverse.close()

    def heard(self, addresses: Iterable[str], name: str, asker: Owner | None, now: float) -> None:
        """An answer to a question that was seen."""
        name = name.rstrip(".").lower()
        for address in addresses:
            key = (address, name, None if asker is None else asker.key)
            if self._heard.pop(key, None) is None:
                self._heard_of[address] = self._heard_of.get(address, 0) + 1
            self._heard[key] = Named(address, name, "dns", now, asker)
            self._changed = True
        while len(self._heard) > _MOST:
            (address, _, _), _ = self._heard.popitem(last=False)
            self._heard_of[address] -= 1
            if not self._heard_of[address]:
                del self._heard_of[address]

    def look_up(self, addresses: Iterable[str]) -> None:
        """Have those looked up that have no other name."""
        if self._reverse is None:
            self._reverse = HostNames()
        self._unasked.update(each for each in addresses if each not in self._heard_of and each not in self._hosts)

    def all(self, now: float) -> tuple[Named, ...]:
        """Every name that is known."""
        self._read_hosts(now)
        if self._reverse is not None:
            self._unasked = set(self._reverse.ask(self._unasked)) if self._unasked else set()
            for address in self._reverse.answered():
                name = self._reverse.get(address)
                if name is not None:
                    self._found[address] = Named(address, name.rstrip(".").lower(), "reverse", now)
                    self._changed = True
            while len(self._found) > _MOST:
                self._found.popitem(last=False)
        if self._changed:
            self._changed = False
            self._told = (*self._heard.values(), *self._hosts.values(), *self._found.values())
        return self._told

    def _read_hosts(self, now: float) -> None:
        if time.monotonic() < self._hosts_due:
            return
        self._hosts_due = time.monotonic() + _HOSTS_EVERY
        text = hosts_text()
        if text != self._hosts_text:
            self._hosts_text = text
            self._hosts = {address: Named(address, name, "hosts", now) for address, name in hosts_names(text).items()}
            self._changed = True
