"""Connections whose addresses are translated: ctnetlink (linux/netfilter/nfnetlink_conntrack.h), or /proc's list.

Only connections with an address translation are asked for; kernels before 5.16 give all, of which those are kept.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

from pitop.model.traffic.translation import Translation

__all__ = ["connections_tracked", "translations", "translations_listed"]

_NETFILTER = 12
_GET = 1 << 8 | 1  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET
_REQUEST, _DUMP = 0x1, 0x300
_ERROR, _DONE = 2, 3
_TUPLE_ORIGINAL, _TUPLE_REPLY, _STATUS, _STATUS_MASK = 1, 2, 3, 26
_TUPLE_IP, _TUPLE_PROTOCOL = 1, 2
_SOURCE_NAT, _TARGET_NAT = 1 << 4, 1 << 5
_NAMES = {6: "tcp", 17: "udp"}
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_PATIENCE = 0.2  # seconds


def connections_tracked(root: str = "/proc") -> int | None:
    """How many connections the kernel tracks in this namespace; None where it tracks none or does not tell."""
    try:
        with open(f"{root}/sys/net/netfilter/nf_conntrack_count", encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def translations(most: int = 20_000) -> list[Translation]:
    """The translated TCP and UDP connections of this namespace, at most so many. Raises OSError.

    Without CAP_NET_ADMIN that is EPERM.
    """
    found: list[Translation] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETFILTER) as asking:
        asking.settimeout(_PATIENCE)
        for number, bit in enumerate((_SOURCE_NAT, _TARGET_NAT), 1):
            asking.send(_request(number, bit))
            for message in _answers(asking, number):
                made = _translation(message)
                if made is not None:
                    found.append(made)
                if len(found) >= most:
                    return found
    return found


def _request(sequence: int, bit: int) -> bytes:
    family = struct.pack("=BBH", socket.AF_UNSPEC, 0, 0)
    status = struct.pack("!HHI", 0, 0, bit)[4:]
    wanted = _attribute(_STATUS, status) + _attribute(_STATUS_MASK, status)
    body = family + wanted
    return _HEADER.pack(16 + len(body), _GET, _REQUEST | _DUMP, sequence, 0) + body


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(4 + len(value), kind) + value


def _answers(asking: socket.socket, sequence: int) -> Iterator[bytes]:
    while True:
        data = asking.recv(1 << 17)
        at = 0
        while at + 16 <= len(data):
            length, kind, _, number, _ = _HEADER.unpack_from(data, at)
            if length < 16:
                return
            body = data[at + 16 : at + length]
            at += (length + 3) & ~3
            if number != sequence:
                continue
            if kind in (_DONE, _ERROR):
                status = -struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
                if status:
                    raise OSError(status, os.strerror(status))
                return
            yield body[4:]


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def _translation(message: bytes) -> Translation | None:
    said = _attributes(message)
    status = said.get(_STATUS, b"")
    if len(status) != 4 or not int.from_bytes(status, "big") & (_SOURCE_NAT | _TARGET_NAT):
        return None
    original, reply = _tuple(said.get(_TUPLE_ORIGINAL, b"")), _tuple(said.get(_TUPLE_REPLY, b""))
    if original is None or reply is None:
        return None
    return Translation(*original, reply[1], reply[2])


def _tuple(data: bytes) -> tuple[str, tuple[str, int], tuple[str, int]] | None:
    """Transport, source and destination of a CTA_TUPLE attribute."""
    said = _attributes(data)
    addresses, protocol = _attributes(said.get(_TUPLE_IP, b"")), _attributes(said.get(_TUPLE_PROTOCOL, b""))
    name = _NAMES.get(protocol.get(1, b"\0")[0])
    pair = (addresses.get(1), addresses.get(2))
    family = socket.AF_INET
    if pair[0] is None:
        pair, family = (addresses.get(3), addresses.get(4)), socket.AF_INET6
    if name is None or pair[0] is None or pair[1] is None:
        return None
    source, target = (socket.inet_ntop(family, each) for each in pair if each is not None)
    ports = (int.from_bytes(protocol.get(2, b""), "big"), int.from_bytes(protocol.get(3, b""), "big"))
    return name, (source, ports[0]), (target, ports[1])


def translations_listed(root: str = "/proc", most: int = 20_000) -> list[Translation]:
    """The same from /proc/net/nf_conntrack, which some kernels have. Raises OSError where it may not be read."""
    found: list[Translation] = []
    with open(f"{root}/net/nf_conntrack", encoding="ascii", errors="replace") as file:
        for line in file:
            made = _listed(line.split())
            if made is not None:
                found.append(made)
            if len(found) >= most:
                break
    return found


def _listed(words: list[str]) -> Translation | None:
    """A line such as `ipv4 2 tcp 6 117 TIME_WAIT src=… dst=… sport=… dport=… src=… dst=… sport=… dport=… use=1`."""
    if len(words) < 4 or words[2] not in _NAMES.values():
        return None
    values: dict[str, list[str]] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            values.setdefault(name, []).append(value)
    try:
        ends = [
            (str(values[address][place]), int(values[port][place]))
            for place in (0, 1)
            for address, port in (("src", "sport"), ("dst", "dport"))
        ]
    except (KeyError, IndexError, ValueError):
        return None
    source, target, answering, answered = ends
    if (source, target) == (answered, answering):
        return None
    if ":" in source[0]:
        source, target, answering, answered = (_short(end) for end in ends)
    return Translation(words[2], source, target, answering, answered)


def _short(end: tuple[str, int]) -> tuple[str, int]:
    """An IPv6 address as it is written elsewhere; here it is written in full."""
    return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, end[0])), end[1]
