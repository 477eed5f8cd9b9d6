"""What DHCP clients wrote down of their leases: dhclient, dhcpcd, NetworkManager and systemd-networkd.

Each keeps its own format, and none of them promises it; what cannot be read is left out, what a file does not tell
is None. Formats: dhclient.leases(5); dhcpcd keeps the raw reply (RFC 2131, RFC 8415); systemd-networkd and
NetworkManager write KEY=VALUE lines, NetworkManager also a [dhcp4] section in its device state.
"""

from __future__ import annotations

import os
import re
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from pitop.kernel.network.dhclient import parse_dhclient
from pitop.kernel.network.dhcpcd import parse_dhcpcd, parse_dhcpcd6
from pitop.kernel.network.keyvalues import parse_key_values, parse_state
from pitop.model.network.rows import Lease

__all__ = ["leases"]

_LARGEST = 1 << 20  # bytes of a lease file that are read, from its end
_DHCPCD = ("var/lib/dhcpcd", "var/lib/dhcpcd5", "var/db/dhcpcd", "run/dhcpcd")


def leases(root: Path = Path("/"), interfaces: Mapping[int, str] | None = None) -> tuple[Lease, ...]:
    """The newest lease of each address on each interface, by interface. `interfaces` name those of numbered files."""
    found: dict[tuple[str, str, str], Lease] = {}
    for each in _all(root, interfaces or {}):
        key = (each.interface, each.address, each.client)
        known = found.get(key)
        if known is None or (each.expiry_time or 0) >= (known.expiry_time or 0):
            found[key] = each
    return tuple(sorted(_current(found.values()), key=lambda each: (each.interface, each.client, each.address)))


def _current(found: Iterable[Lease]) -> Iterator[Lease]:
    """Of one client's leases on one interface and family only the newest count, and those that still run."""
    groups: dict[tuple[str, str, bool], list[Lease]] = {}
    for each in found:
        groups.setdefault((each.interface, each.client, ":" in each.address), []).append(each)
    now = time.time()
    for group in groups.values():
        newest = max(group, key=lambda each: each.expiry_time or 0)
        for each in group:
            if each is newest or (each.expiry_time or 0) > now:
                yield each


_Parser = Callable[[bytes, str, float, str], list[Lease]]


def _all(root: Path, interfaces: Mapping[int, str]) -> Iterator[Lease]:
    told: set[str] = set()
    for pattern, parse in _PLACES:
        for path in _glob(root, pattern):
            for lease in _read(path, root, parse, interfaces):
                if path.name.startswith("internal-"):
                    if lease.address in told:  # NetworkManager's device state says the same, and when it ends
                        continue
                elif lease.client == "NetworkManager":
                    told.add(lease.address)
                yield lease


def _glob(root: Path, pattern: str) -> list[Path]:
    try:
        return sorted(path for path in root.glob(pattern) if path.is_file())
    except OSError:
        return []


def _read(path: Path, root: Path, parse: _Parser, interfaces: Mapping[int, str]) -> list[Lease]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LARGEST))
            data = file.read(_LARGEST)
            changed = os.fstat(file.fileno()).st_mtime
        return parse(data, _interface(path.name, interfaces), changed, f"/{path.relative_to(root)}")
    except (OSError, ValueError, struct.error, IndexError, OverflowError):
        return []  # gone, not readable for this user, or half written


def _interface(name: str, interfaces: Mapping[int, str]) -> str:
    """Which interface a file is about, by its name.

    `3`; `internal-<uuid>-eth0.lease`, `dhclient-<uuid>-eth0.lease`; `dhclient.eth0.leases`; `eth0.lease`;
    `wlan0-<network>.lease` (dhcpcd keeps one a wireless network).
    """
    if name.isdigit():
        return interfaces.get(int(name), f"if{name}")
    stem = re.sub(r"\.leases?6?$", "", name)
    match = re.fullmatch(r"(?:internal|dhclient6?)-[0-9a-fA-F-]{36}-(.+)", stem)
    if match is not None:
        return match[1]
    stem = re.sub(r"^(?:dhclient6?|dhcpcd)[.-]?", "", stem)
    return stem.partition("-")[0] or "?"


_PLACES: tuple[tuple[str, _Parser], ...] = (
    ("var/lib/dhcp/dhclient*.lease*", parse_dhclient),
    ("var/lib/dhclient/*.lease*", parse_dhclient),
    ("var/lib/NetworkManager/dhclient*.lease", parse_dhclient),
    ("run/dhclient*.lease*", parse_dhclient),
    *((f"{place}/*.lease", parse_dhcpcd) for place in _DHCPCD),
    *((f"{place}/*.lease6", parse_dhcpcd6) for place in _DHCPCD),
    ("run/systemd/netif/leases/*", parse_key_values),
    ("run/NetworkManager/devices/*", parse_state),
    ("var/lib/NetworkManager/internal-*.lease", parse_key_values),
)
