"""Interfaces and their addresses (linux/if_link.h, linux/if_addr.h), with what only /sys and /proc tell."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

from pitop.kernel.network.rtnetlink import RTM_GETADDR, RTM_GETLINK, RouteSocket, attributes
from pitop.model.network.rows import Address, Counters, Interface

__all__ = ["addresses", "interfaces", "mac_text", "wireless_signals"]

_IFINFO = struct.Struct("=BxHiII")
_IFADDR = struct.Struct("=BBBBI")
_STATS = struct.Struct("=24Q")
_U32 = struct.Struct("=I")

_OPERATIONAL = ("UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP")

# net_device_flags (linux/if.h) in the order in which ip-link(8) prints them
_FLAGS = (
    (0x8, "LOOPBACK"),
    (0x2, "BROADCAST"),
    (0x10, "POINTOPOINT"),
    (0x1000, "MULTICAST"),
    (0x80, "NOARP"),
    (0x200, "ALLMULTI"),
    (0x100, "PROMISC"),
    (0x400, "MASTER"),
    (0x800, "SLAVE"),
    (0x4, "DEBUG"),
    (0x8000, "DYNAMIC"),
    (0x4000, "AUTOMEDIA"),
    (0x2000, "PORTSEL"),
    (0x20, "NOTRAILERS"),
    (0x1, "UP"),
    (0x10000, "LOWER_UP"),
    (0x20000, "DORMANT"),
    (0x40000, "ECHO"),
)
_ADDRESS_FLAGS = (
    (0x01, "secondary"),
    (0x02, "nodad"),
    (0x04, "optimistic"),
    (0x08, "dadfailed"),
    (0x20, "deprecated"),
    (0x40, "tentative"),
    (0x100, "mngtmpaddr"),
    (0x200, "noprefixroute"),
    (0x400, "autojoin"),
    (0x800, "stable-privacy"),
)
_IFA_SECONDARY, _IFA_PERMANENT = 0x01, 0x80
_TYPES = {1: "ether", 32: "infiniband", 65534: "none", 512: "ppp", 768: "ipip", 772: "loopback", 776: "sit", 778: "gre"}
_SCOPES = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}
_FOREVER = 0xFFFFFFFF


def interfaces(
    route: RouteSocket,
    sys: Path = Path("/sys"),
    proc: Path = Path("/proc"),
    vendor: Callable[[str], str | None] = lambda mac: None,
) -> tuple[Interface, ...]:
    """Every interface by index. Speed and duplex come from /sys/class/net, Wi-Fi signal from /proc/net/wireless."""
    raw = []
    for message in route.dump(RTM_GETLINK, _IFINFO.pack(0, 0, 0, 0, 0)):
        _, hardware, index, flags = _IFINFO.unpack_from(message.body)[:4]
        raw.append((index, hardware, flags, attributes(message.body, 16)))
    names = {index: _text(found[3]) for index, _, _, found in raw}
    signals = wireless_signals(proc)
    return tuple(
        _interface(index, hardware, flags, found, names, sys, signals, vendor)
        for index, hardware, flags, found in sorted(raw, key=lambda each: each[0])
    )


def _interface(
    index: int,
    hardware: int,
    flags: int,
    found: Mapping[int, bytes],
    names: Mapping[int, str],
    sys: Path,
    signals: Mapping[str, float],
    vendor: Callable[[str], str | None],
) -> Interface:
    name = names[index]
    mac = mac_text(found[1]) if found.get(1) else None
    state = found.get(16, b"\0")[0]
    kind = _text(attributes(found[18], 0).get(1, b"")) if 18 in found else ""
    carrier = found[33] != b"\0" if 33 in found else None
    known_as = vendor(mac) if mac is not None and hardware == 1 else None
    virtual = hardware == 772 or kind in ("bridge", "veth", "dummy", "ifb")
    return Interface(
        index=index,
        name=name,
        state=_OPERATIONAL[state] if state < len(_OPERATIONAL) else "UNKNOWN",
        flags=(("NO-CARRIER",) if flags & 1 and not flags & 0x40 else ())
        + tuple(word for bit, word in _FLAGS if flags & bit),
        flag_bits=flags,
        link_type=_TYPES.get(hardware, str(hardware)),
        link_kind=kind,
        mac=mac,
        vendor=known_as,
        mtu=_u32(found.get(4)) or 0,
        queue_length=_u32(found.get(13)) or 0,
        carrier=carrier if flags & 1 else None,
        master=_name(found.get(10), names),
        parent=_name(found.get(5), names, own=index) if 37 not in found else None,
        speed_mbit=None if virtual and kind != "veth" else _speed(sys / "class/net" / name / "speed"),
        duplex=None if virtual and kind != "veth" else _duplex(sys / "class/net" / name / "duplex"),
        signal_dbm=signals.get(name),
        counters=_counters(found.get(23, b"")),
    )


def _counters(data: bytes) -> Counters:
    if len(data) < _STATS.size:
        data = data.ljust(_STATS.size, b"\0")
    n = _STATS.unpack_from(data)
    return Counters(
        rx_packets=n[0],
        tx_packets=n[1],
        rx_bytes=n[2],
        tx_bytes=n[3],
        rx_errors=n[4],
        tx_errors=n[5],
        rx_dropped=n[6],
        tx_dropped=n[7],
        multicast=n[8],
        collisions=n[9],
        rx_overruns=n[14],
        tx_overruns=n[18],
        rx_frame=n[10] + n[11] + n[12] + n[13],
        tx_carrier=n[16] + n[17] + n[19] + n[20],
        rx_missed=n[15],
    )


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode(errors="backslashreplace")


def _u32(data: bytes | None) -> int | None:
    return int(_U32.unpack_from(data)[0]) if data else None


def _name(data: bytes | None, names: Mapping[int, str], own: int = 0) -> str | None:
    index = _u32(data)
    return names.get(index, f"if{index}") if index and index != own else None


def mac_text(data: bytes) -> str:
    """A link layer address as ip prints it: hex pairs with colons; IPv4 tunnels show their address."""
    return data.hex(":")


def _word(path: Path) -> str | None:
    """A file's one word; None where the driver has none (EINVAL while the interface is down)."""
    try:
        return path.read_text().strip()
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP, errno.EACCES):
            return None
        raise


def _speed(path: Path) -> int | None:
    word = _word(path)
    return int(word) if word is not None and word.isdigit() and int(word) not in (0, _FOREVER) else None


def _duplex(path: Path) -> str | None:
    word = _word(path)
    return word if word in ("full", "half") else None


def wireless_signals(proc: Path) -> dict[str, float]:
    """Signal level in dBm by interface, from /proc/net/wireless (Linux wireless extensions).

    Drivers that give a relative quality (0 … 255) in place of dBm are left out: that number has no unit.
    """
    try:
        lines = (proc / "net/wireless").read_text(errors="backslashreplace").splitlines()[2:]
    except FileNotFoundError:
        return {}
    found = {}
    for line in lines:
        name, colon, rest = line.partition(":")
        words = rest.split()
        if colon and len(words) >= 3:
            try:
                level = float(words[2].rstrip("."))
            except ValueError:
                continue
            if -150 <= level < 0:
                found[name.strip()] = level
    return found


def addresses(route: RouteSocket, names: Mapping[int, str]) -> tuple[Address, ...]:
    """Every address of both families, in the order of ip-address(8): by interface, then as the kernel lists them."""
    found: list[Address] = []
    for family in (socket.AF_INET, socket.AF_INET6):
        answer = route.dump(RTM_GETADDR, _IFADDR.pack(family, 0, 0, 0, 0))
        found.extend(_address(message.body, names) for message in answer)
    return tuple(sorted(found, key=lambda each: each.index))


def _address(body: bytes, names: Mapping[int, str]) -> Address:
    family, length, bits, scope, index = _IFADDR.unpack_from(body)
    found = attributes(body, 8)
    flags = _u32(found.get(8)) or bits
    own = found.get(2, found.get(1, b""))
    far = found.get(1)
    preferred, valid = struct.unpack_from("=II", found[6]) if 6 in found else (_FOREVER, _FOREVER)
    words = tuple(
        "temporary" if bit == _IFA_SECONDARY and family == socket.AF_INET6 else word
        for bit, word in _ADDRESS_FLAGS
        if flags & bit
    )
    return Address(
        interface=names.get(index, f"if{index}"),
        index=index,
        family=family,
        address=socket.inet_ntop(family, own),
        prefix_length=length,
        peer=socket.inet_ntop(family, far) if far is not None and far != own else None,
        broadcast=socket.inet_ntop(family, found[4]) if 4 in found else None,
        scope=_SCOPES.get(scope, str(scope)),
        label=_text(found[3]) if 3 in found else None,
        flags=(*words, *(() if flags & _IFA_PERMANENT else ("dynamic",))),
        valid_seconds=None if valid == _FOREVER else valid,
        preferred_seconds=None if preferred == _FOREVER else preferred,
    )
