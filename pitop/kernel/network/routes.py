"""Routes, rules and neighbours (linux/rtnetlink.h, linux/fib_rules.h, linux/neighbour.h)."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pitop.kernel.network.links import mac_text
from pitop.kernel.network.rtnetlink import (
    RTM_GETNEIGH,
    RTM_GETROUTE,
    RTM_GETRULE,
    RTM_NEWNEIGH,
    RouteSocket,
    attributes,
    pack_attribute,
)
from pitop.model.network.rows import Neighbour, NextHop, Route, Rule

__all__ = ["Names", "names_below", "neighbours", "recheck", "route_to", "routes", "rules"]

_RTMSG = struct.Struct("=BBBBBBBBI")
_NDMSG = struct.Struct("=BBHiHBB")
_NEXTHOP = struct.Struct("=HBBi")
_U32 = struct.Struct("=I")
_FAMILIES = (socket.AF_INET, socket.AF_INET6)

_KINDS = (
    "unspec",
    "unicast",
    "local",
    "broadcast",
    "anycast",
    "multicast",
    "blackhole",
    "unreachable",
    "prohibit",
    "throw",
    "nat",
    "xresolve",
)
_SCOPES = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}
_ACTIONS = {1: "lookup", 2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}
_PREFERENCES = {0: "medium", 1: "high", 3: "low"}
_STATES = (
    (0x01, "INCOMPLETE"),
    (0x02, "REACHABLE"),
    (0x04, "STALE"),
    (0x08, "DELAY"),
    (0x10, "PROBE"),
    (0x20, "FAILED"),
    (0x40, "NOARP"),
    (0x80, "PERMANENT"),
)
_DEAD, _LINKDOWN = 0x1, 0x10
_CLONED, _RULE_INVERT = 0x200, 0x2
_TICKS = os.sysconf("SC_CLK_TCK")


class Names:
    """What numbers are called: routing tables and protocols, from /etc/iproute2 or its newer place in /usr."""

    def __init__(self, tables: Mapping[int, str], protocols: Mapping[int, str]) -> None:
        self._tables = {0: "unspec", 253: "default", 254: "main", 255: "local", **tables}
        self._protocols = {0: "unspec", 1: "redirect", 2: "kernel", 3: "boot", 4: "static", **protocols}

    def table(self, number: int) -> str:
        """The table's name, or its number."""
        return self._tables.get(number, str(number))

    def protocol(self, number: int) -> str:
        """Who made a route, or its number."""
        return self._protocols.get(number, str(number))


_PROTOCOLS = {8: "gated", 9: "ra", 10: "mrt", 11: "zebra", 12: "bird", 13: "dnrouted", 16: "dhcp", 17: "mrouted"}
_PROTOCOLS |= {18: "keepalived", 42: "babel", 186: "bgp", 187: "isis", 188: "ospf", 189: "rip", 192: "eigrp"}


def names_below(root: Path = Path("/")) -> Names:
    """The names that this machine's administrator gave; later files win."""
    tables: dict[int, str] = {}
    protocols = dict(_PROTOCOLS)
    for place in ("usr/lib/iproute2", "usr/share/iproute2", "etc/iproute2"):
        tables |= _numbered(_files(root / place, "rt_tables"))
        protocols |= _numbered(_files(root / place, "rt_protos"))
    return Names(tables, protocols)


def _files(place: Path, name: str) -> list[Path]:
    try:
        return [place / name, *sorted((place / f"{name}.d").glob("*.conf"))]
    except OSError:
        return [place / name]


def _numbered(paths: Iterable[Path]) -> dict[int, str]:
    found = {}
    for path in paths:
        try:
            lines = path.read_text(errors="backslashreplace").splitlines()
        except OSError:
            continue
        for line in lines:
            words = line.partition("#")[0].split()
            if len(words) >= 2:
                try:
                    found[int(words[0], 0)] = words[1]
                except ValueError:
                    continue
    return found


def _u32(data: bytes) -> int:
    return int(_U32.unpack_from(data)[0])


def _prefix(family: int, data: bytes | None, length: int, empty: str = "default") -> str:
    """As ip writes a destination: `default`, an address alone for a whole one, or `network/length`."""
    bits = 32 if family == socket.AF_INET else 128
    if data is None:
        zero = "0.0.0.0" if family == socket.AF_INET else "::"
        return empty if length == 0 else f"{zero}/{length}"
    text = socket.inet_ntop(family, data)
    return text if length == bits else f"{text}/{length}"


def routes(route: RouteSocket, interfaces: Mapping[int, str], names: Names) -> tuple[Route, ...]:
    """Every route of every table, both families, in the kernel's order: IPv4 first."""
    found = []
    for family in _FAMILIES:
        for message in route.dump(RTM_GETROUTE, _RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)):
            made = _route(message.body, interfaces, names)
            if made is not None:
                found.append(made)
    return tuple(found)


def _route(body: bytes, interfaces: Mapping[int, str], names: Names) -> Route | None:
    family, length, source_length, tos, table, protocol, scope, kind, flags = _RTMSG.unpack_from(body)
    if family not in _FAMILIES or flags & _CLONED:
        return None
    found = attributes(body, 12)
    number = _u32(found[15]) if 15 in found else table
    expires = struct.unpack_from("=i", found[12], 8)[0] if 12 in found and len(found[12]) >= 12 else 0
    metrics = attributes(found[8], 0) if 8 in found else {}
    return Route(
        family=family,
        table=names.table(number),
        table_id=number,
        kind=_KINDS[kind] if kind < len(_KINDS) else str(kind),
        destination=_prefix(family, found.get(1), length),
        source_prefix=_prefix(family, found[2], source_length) if 2 in found else None,
        tos=tos,
        metric=_u32(found[6]) if 6 in found else 0,
        scope=_SCOPES.get(scope, str(scope)),
        protocol=names.protocol(protocol),
        source=socket.inet_ntop(family, found[7]) if 7 in found else None,
        preference=_PREFERENCES.get(found[20][0]) if 20 in found else None,
        hops=_hops(family, found, flags, interfaces),
        expires_seconds=expires / _TICKS if expires else None,
        mtu=_u32(metrics[2]) if 2 in metrics else None,
    )


def _hops(family: int, found: Mapping[int, bytes], flags: int, interfaces: Mapping[int, str]) -> tuple[NextHop, ...]:
    if 9 not in found:
        gateway = _gateway(family, found)
        index = _u32(found[4]) if 4 in found else 0
        if not index and gateway is None:
            return ()
        return (NextHop(gateway, interfaces.get(index, f"if{index}"), 1, bool(flags & _DEAD), not flags & _LINKDOWN),)
    data = found[9]
    hops = []
    at = 0
    while at + 8 <= len(data):
        length, bits, weight, index = _NEXTHOP.unpack_from(data, at)
        if length < 8:
            break
        gateway = _gateway(family, attributes(data[at : at + length], 8))
        name = interfaces.get(index, f"if{index}")
        hops.append(NextHop(gateway, name, weight + 1, bool(bits & _DEAD), not bits & _LINKDOWN))
        at += (length + 3) & ~3
    return tuple(hops)


def _gateway(family: int, found: Mapping[int, bytes]) -> str | None:
    if 5 in found:
        return socket.inet_ntop(family, found[5])
    if 18 in found:  # RTA_VIA: a gateway of the other family
        (via,) = struct.unpack_from("=H", found[18])
        return socket.inet_ntop(via, found[18][2:]) if via in _FAMILIES else None
    return None


def route_to(
    route: RouteSocket,
    address: str,
    interfaces: Mapping[int, str],
    names: Names,
    source: str | None = None,
    mark: int = 0,
) -> Route:
    """The kernel's own answer to `ip route get`; the route's first hop is the one that this flow takes.

    Raises OSError (ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL) where a rule or route says no, ValueError for what is
    not an address.
    """
    bare, _, zone = address.partition("%")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    try:
        target = socket.inet_pton(family, bare)
    except OSError:
        raise ValueError(f"{address} is not an address") from None
    bits = 8 * len(target)
    body = pack_attribute(1, target)
    source_bits = 0
    if source is not None:
        body += pack_attribute(2, socket.inet_pton(family, source))
        source_bits = bits
    if zone:
        body += pack_attribute(4, _U32.pack(socket.if_nametoindex(zone)))
    if mark:
        body += pack_attribute(16, _U32.pack(mark))
    lookup_table = 0x1000  # RTM_F_LOOKUP_TABLE: name the table that answered
    request = _RTMSG.pack(family, bits, source_bits, 0, 0, 0, 0, 0, lookup_table) + body
    answer = bytearray(route.ask(RTM_GETROUTE, request).body)
    flags = _RTMSG.unpack_from(answer)[8]
    struct.pack_into("=I", answer, 8, flags & ~_CLONED)  # the answer is a cached copy, and wanted all the same
    made = _route(bytes(answer), interfaces, names)
    if made is None:
        raise OSError("the kernel answered for another address family")
    return made


def rules(route: RouteSocket, names: Names) -> tuple[Rule, ...]:
    """Every policy rule of both families by priority."""
    found: list[Rule] = []
    for family in _FAMILIES:
        answer = route.dump(RTM_GETRULE, _RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0))
        found.extend(_rule(message.body, names) for message in answer if message.body[0] == family)
    return tuple(found)


def _rule(body: bytes, names: Names) -> Rule:
    family, to_length, from_length, tos, table, _, _, action, flags = _RTMSG.unpack_from(body)
    found = attributes(body, 12)
    number = _u32(found[15]) if 15 in found else table
    suppress = struct.unpack_from("=i", found[14])[0] if 14 in found else -1
    return Rule(
        family=family,
        priority=_u32(found[6]) if 6 in found else 0,
        action=_ACTIONS.get(action, str(action)),
        table=names.table(number),
        table_id=number,
        inverted=bool(flags & _RULE_INVERT),
        source=_prefix(family, found.get(2), from_length) if 2 in found or from_length else None,
        destination=_prefix(family, found.get(1), to_length) if 1 in found or to_length else None,
        tos=tos,
        mark=_u32(found[10]) if 10 in found else None,
        mark_mask=_u32(found[16]) if 16 in found else 0xFFFFFFFF,
        input_interface=_word(found.get(3)),
        output_interface=_word(found.get(17)),
        users=_pair("=II", found.get(20)),
        protocol=found[22][0] if 22 in found else None,
        source_ports=_pair("=HH", found.get(23)),
        destination_ports=_pair("=HH", found.get(24)),
        suppress_prefix_length=suppress if suppress >= 0 else None,
        goto=_u32(found[4]) if 4 in found else None,
    )


def _word(data: bytes | None) -> str | None:
    return None if data is None else data.rstrip(b"\0").decode(errors="backslashreplace")


def _pair(shape: str, data: bytes | None) -> tuple[int, int] | None:
    if data is None:
        return None
    low, high = struct.unpack_from(shape, data)
    return low, high


def neighbours(
    route: RouteSocket, interfaces: Mapping[int, str], vendor: Callable[[str], str | None] = lambda mac: None
) -> tuple[Neighbour, ...]:
    """The ARP and neighbour discovery tables as `ip neigh` lists them: without those that need no resolution."""
    found = []
    for family in _FAMILIES:
        for message in route.dump(RTM_GETNEIGH, _NDMSG.pack(family, 0, 0, 0, 0, 0, 0)):
            made = _neighbour(message.body, interfaces, vendor)
            if made is not None:
                found.append(made)
    return tuple(found)


def _neighbour(body: bytes, interfaces: Mapping[int, str], vendor: Callable[[str], str | None]) -> Neighbour | None:
    family, _, _, index, state, flags, _ = _NDMSG.unpack_from(body)
    found = attributes(body, 12)
    if family not in _FAMILIES or 1 not in found or state & 0x40:
        return None
    mac = mac_text(found[2]) if found.get(2) else None
    confirmed, used, updated = struct.unpack_from("=III", found[3]) if 3 in found else (None, None, None)
    return Neighbour(
        family=family,
        address=socket.inet_ntop(family, found[1]),
        mac=mac,
        vendor=vendor(mac) if mac is not None else None,
        interface=interfaces.get(index, f"if{index}"),
        state=" ".join(word for bit, word in _STATES if state & bit) or "NONE",
        router=bool(flags & 0x80),
        proxy=bool(flags & 0x08),
        confirmed_seconds=None if confirmed is None else confirmed / _TICKS,
        used_seconds=None if used is None else used / _TICKS,
        updated_seconds=None if updated is None else updated / _TICKS,
    )


def recheck(route: RouteSocket, address: str, interface: int) -> bool:
    """Have the kernel ask a neighbour again whether it is there (as `ip neigh change … nud probe`).

    False where that is not permitted (it needs CAP_NET_ADMIN), or there is no such neighbour.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    body = _NDMSG.pack(family, 0, 0, interface, 0x10, 0, 0) + pack_attribute(1, socket.inet_pton(family, address))
    try:
        route.change(RTM_NEWNEIGH, body)
    except OSError:
        return False
    return True
