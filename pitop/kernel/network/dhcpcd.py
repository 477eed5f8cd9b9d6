"""The replies that dhcpcd keeps as they came over the wire (RFC 2131, RFC 8415); the file's time is when they came."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from pitop.model.network.rows import Lease

__all__ = ["parse_dhcpcd", "parse_dhcpcd6"]

_FOREVER = 0xFFFFFFFF


def _options(data: bytes, at: int) -> dict[int, bytes]:
    """DHCP options by code; one that comes in parts is joined (RFC 3396)."""
    found: dict[int, bytes] = {}
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        size = data[at + 1]
        found[data[at]] = found.get(data[at], b"") + data[at + 2 : at + 2 + size]
        at += 2 + size
    return found


def _four(data: bytes | None) -> tuple[str, ...]:
    data = data or b""
    return tuple(socket.inet_ntoa(data[at : at + 4]) for at in range(0, len(data) - 3, 4))


def _word(data: bytes | None) -> str | None:
    return None if data is None else data.rstrip(b"\0").decode(errors="backslashreplace")


def _seconds(data: bytes | None) -> int | None:
    if data is None or len(data) != 4:
        return None
    value = int.from_bytes(data)
    return None if value == _FOREVER else value


def parse_dhcpcd(data: bytes, interface: str, changed: float, path: str) -> list[Lease]:
    """The DHCPACK that dhcpcd keeps; the file's time of change is when the lease began."""
    if len(data) < 240 or data[236:240] != b"\x63\x82\x53\x63":
        return []
    options = _options(data, 240)
    life = _seconds(options.get(51))
    # RFC 2131, 4.4.5: half and seven eighths of the lease where the server does not say
    renew = _seconds(options.get(58)) or (life // 2 if life is not None else None)
    rebind = _seconds(options.get(59)) or (life * 7 // 8 if life is not None else None)
    mask = options.get(1)
    lease = Lease(
        interface=interface,
        client="dhcpcd",
        address=socket.inet_ntoa(data[16:20]),
        prefix_length=None if mask is None else int.from_bytes(mask).bit_count(),
        server=next(iter(_four(options.get(54))), None),
        routers=_four(options.get(3)),
        nameservers=_four(options.get(6)),
        domain=_word(options.get(15)),
        hostname=_word(options.get(12)),
        lease_seconds=life,
        obtained_time=changed,
        renew_time=None if renew is None else changed + renew,
        rebind_time=None if rebind is None else changed + rebind,
        expiry_time=None if life is None else changed + life,
        path=path,
    )
    return [lease] if lease.address != "0.0.0.0" else []


def _options6(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        code, size = struct.unpack_from(">HH", data, at)
        yield code, data[at + 4 : at + 4 + size]
        at += 4 + size


def parse_dhcpcd6(data: bytes, interface: str, changed: float, path: str) -> list[Lease]:
    """The DHCPv6 reply that dhcpcd keeps: every address of its IA_NA options (RFC 8415, 21.4 and 21.6)."""
    top = dict(_options6(data[4:]))
    names = top.get(23, b"")
    servers = tuple(socket.inet_ntop(socket.AF_INET6, names[at : at + 16]) for at in range(0, len(names) - 15, 16))
    found = []
    for code, body in _options6(data[4:]):
        if code != 3 or len(body) < 12:
            continue
        renew, rebind = struct.unpack_from(">II", body, 4)
        for inner, content in _options6(body[12:]):
            if inner != 5 or len(content) < 24:
                continue
            (life,) = struct.unpack_from(">I", content, 20)
            found.append(
                Lease(
                    interface=interface,
                    client="dhcpcd",
                    address=socket.inet_ntop(socket.AF_INET6, content[:16]),
                    prefix_length=128,
                    nameservers=servers,
                    lease_seconds=None if life == _FOREVER else life,
                    obtained_time=changed,
                    renew_time=changed + renew if renew not in (0, _FOREVER) else None,
                    rebind_time=changed + rebind if rebind not in (0, _FOREVER) else None,
                    expiry_time=None if life == _FOREVER else changed + life,
                    path=path,
                )
            )
    return found
