"""Who made a network card, by the first bytes of its MAC address, from what is installed.

Read, where it is there: the registry that udev ships (`20-OUI.hwdb`, on nearly every system), Debian's ieee-data,
Fedora's hwdata. The files are searched in place and never loaded: 1 ms an address, once.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable
from pathlib import Path

__all__ = ["Vendors"]


def _hwdb(prefix: str) -> tuple[bytes, bytes]:
    return f"\nOUI:{prefix}*\n ID_OUI_FROM_DATABASE=".encode(), b"\n"


def _csv(prefix: str) -> tuple[bytes, bytes]:
    return f",{prefix},".encode(), b",\n"


def _hex(prefix: str) -> tuple[bytes, bytes]:
    dashed = "-".join(prefix[at : at + 2] for at in range(0, 6, 2))
    return f"\n{dashed}   (hex)".encode(), b"\r\n"


# Paths below the root, how each writes a prefix, and how many hex digits its prefixes have.
_SOURCES: tuple[tuple[str, Callable[[str], tuple[bytes, bytes]], tuple[int, ...]], ...] = (
    ("usr/lib/udev/hwdb.d/20-OUI.hwdb", _hwdb, (9, 7, 6)),
    ("lib/udev/hwdb.d/20-OUI.hwdb", _hwdb, (9, 7, 6)),
    ("usr/share/ieee-data/oui36.csv", _csv, (9,)),
    ("usr/share/ieee-data/mam.csv", _csv, (7,)),
    ("usr/share/ieee-data/oui.csv", _csv, (6,)),
    ("usr/share/hwdata/oui.txt", _hex, (6,)),
)


class Vendors:
    """Looks makers up. Unknown is None: no list installed, not registered, or an address that nobody registered."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._files: list[tuple[mmap.mmap, Callable[[str], tuple[bytes, bytes]], tuple[int, ...]]] = []
        self._known: dict[str, str | None] = {}
        for place, shape, digits in _SOURCES:
            try:
                with (root / place).open("rb") as file:
                    self._files.append((mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), shape, digits))
            except (OSError, ValueError):  # absent, unreadable or empty
                continue

    def __bool__(self) -> bool:
        """Whether any list is installed."""
        return bool(self._files)

    def __call__(self, mac: str) -> str | None:
        """The maker of `mac` (hex pairs with colons)."""
        digits = mac.replace(":", "").upper()
        if not re.fullmatch("[0-9A-F]{12}", digits) or int(digits[:2], 16) & 0x03:
            return None  # not Ethernet, made up on the spot (locally administered), or a group
        if digits not in self._known:
            if len(self._known) > 4096:
                self._known.clear()
            self._known[digits] = self._find(digits)
        return self._known[digits]

    def close(self) -> None:
        """Let go of the files."""
        for file, _, _ in self._files:
            file.close()
        self._files.clear()

    def _find(self, digits: str) -> str | None:
        for size in (9, 7, 6):
            for file, shape, sizes in self._files:
                if size not in sizes:
                    continue
                needle, stop = shape(digits[:size])
                at = file.find(needle)
                if at >= 0:
                    return _name(file, at + len(needle), stop)
        return None


def _name(file: mmap.mmap, start: int, stop: bytes) -> str | None:
    line = file[start : start + 200]
    if line.startswith(b'"'):  # a quoted field of a CSV file
        line = line[1:].replace(b'""', b"\0").split(b'"', 1)[0].replace(b"\0", b'"')
    else:
        for each in stop:
            line = line.split(bytes((each,)), 1)[0]
    return line.decode(errors="backslashreplace").strip() or None
