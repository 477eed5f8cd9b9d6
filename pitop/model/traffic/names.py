"""What an address is called, and how that is known."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from pitop.model.processes import ProcessKey
from pitop.model.traffic.talk import Named

__all__ = ["NameBook", "hosts_names"]

_RANK = {"dns": 0, "hosts": 1, "reverse": 2}


class NameBook:
    """The names of a snapshot by address.

    An answer that was seen on the wire comes first, then the hosts file, then a reverse look-up. Of several answers
    the newest counts that the asking process itself asked for, then the newest at all.
    """

    def __init__(self, names: Iterable[Named]) -> None:
        found: dict[str, list[Named]] = {}
        for each in names:
            found.setdefault(each.address, []).append(each)
        for several in found.values():
            several.sort(key=lambda each: (_RANK[each.source], -each.time))
        self._names = found

    def name(self, address: str | None, process: ProcessKey | None = None, began: float | None = None) -> Named | None:
        """The name of an address as `process` would call it; None where none is known.

        Of several that the process asked for it is the last one before `began`, when it began to talk with the address.
        """
        several = self._names.get(address or "")
        if not several:
            return None
        own = [
            each
            for each in several
            if process is not None and each.asked_by is not None and each.asked_by.key == process
        ]
        before = [each for each in own if began is not None and each.time <= began]
        return (before or own or several)[0]

    def all(self, address: str | None) -> tuple[Named, ...]:
        """Every name of an address, the best first."""
        return tuple(self._names.get(address or "", ()))


def hosts_names(text: str, most: int = 10_000) -> dict[str, str]:
    """Address → name of the lines of hosts(5): the first name of an address, which is the canonical one."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) < 2 or len(found) >= most:
            continue
        try:
            address = str(ipaddress.ip_address(words[0]))
        except ValueError:
            continue
        found.setdefault(address, words[1])
    return found
