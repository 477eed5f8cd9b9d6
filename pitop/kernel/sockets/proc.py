"""Sockets from /proc/net, where the kernel has no sock_diag for them (proc_pid_net(5), linux net/ipv4/tcp_ipv4.c).

No cookies, no tcp_info, no peers of unix sockets: those fields stay unknown. Readers take the directory that holds
the tables (`/proc/net`), and give nothing for a table that does not exist.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from itertools import pairwise

from pitop.kernel.sockets.inet import address_text
from pitop.kernel.sockets.local import packet, unix_name, unix_state
from pitop.model.sockets import TCP_STATES, Endpoint, Family, Unix

__all__ = [
    "INET_TABLES",
    "inet_table",
    "listen_counters",
    "packet_table",
    "socket_totals",
    "unix_references",
    "unix_table",
]

INET_TABLES = ("tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6")

_TICK = os.sysconf("SC_CLK_TCK")
_TIMERS = ("", "on", "keepalive", "timewait", "probe")
_ACCEPTS = 0x10000  # __SO_ACCEPTCON, linux/net.h
_UNIX_LINE = re.compile(
    rb"[0-9a-fA-F]+: [0-9a-fA-F]{8} [0-9a-fA-F]{8} [0-9a-fA-F]{8} [0-9a-fA-F]{4} [0-9a-fA-F]{2} +\d+"
)
_UNIX_STATES = {1: 7, 2: 2, 3: 1}  # SS_UNCONNECTED, SS_CONNECTING, SS_CONNECTED as TCP_CLOSE, SYN_SENT, ESTABLISHED


def _table(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.readall()
    except (FileNotFoundError, NotADirectoryError):
        return b""


def _address(text: bytes) -> tuple[str, int]:
    """`0100007F:0016`: words in the machine's byte order, the port in the network's."""
    raw, _, port = text.partition(b":")
    words = [int(raw[at : at + 8], 16) for at in range(0, len(raw), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return address_text(2 if len(words) == 1 else 10, packed), int(port, 16)


def inet_table(net: str, protocol: str, now: float, namespace: int = 0) -> Iterator[Endpoint]:
    """The sockets of one table, named as in INET_TABLES."""
    transport = protocol.rstrip("6")
    family = Family.IPV6 if protocol.endswith("6") else Family.IPV4
    for line in _table(f"{net}/{protocol}").splitlines()[1:]:
        part = line.split()
        if len(part) < 10:
            continue
        state = int(part[3], 16)
        sending, _, waiting = part[4].partition(b":")
        timer, _, due = part[5].partition(b":")
        running = int(timer, 16)
        inode = int(part[9])
        local, local_port = _address(part[1])
        remote, remote_port = _address(part[2])
        if transport == "tcp":
            word = TCP_STATES[state] if state < len(TCP_STATES) else TCP_STATES[0]
        else:
            word = "ESTABLISHED" if state == 1 else ""
        listens = word == "LISTEN"
        own = transport == "tcp" and not listens  # its addresses name it, while its inode goes when it is closed
        addresses = f"{part[1].decode()} {part[2].decode()}"
        yield Endpoint(
            key=(namespace, f"{protocol} {addresses}" if own else f"{protocol} {addresses} {inode}"),
            protocol=protocol,
            family=family,
            state=word,
            receive_queue=int(waiting, 16),
            send_queue=None if listens else int(sending, 16),
            local_address=local,
            local_port=local_port,
            remote_address=remote,
            remote_port=None if transport == "raw" else remote_port or None,
            uid=int(part[7]) if inode or part[7] != b"0" else None,
            inode=inode,
            timer=_TIMERS[running] if running < len(_TIMERS) else "",
            timer_time=now + int(due, 16) / _TICK if running else None,
            retries=int(part[6], 16) if transport == "tcp" else None,
            drops=int(part[12]) if transport != "tcp" and len(part) > 12 else None,
        )


def _unix_lines(net: str) -> Iterator[tuple[list[bytes], bytes | None]]:
    """The seven columns and the name of each line of the table; a name may hold line ends."""
    held: tuple[list[bytes], bytes | None] | None = None
    for line in _table(f"{net}/unix").split(b"\n")[1:]:
        match = _UNIX_LINE.match(line)
        if match is None:
            if held is not None and held[1] is not None and line:
                held = (held[0], held[1] + b"\n" + line)
            continue
        if held is not None:
            yield held
        rest = line[match.end() :]
        held = (match[0].split(), rest[1:] if rest else None)
    if held is not None:
        yield held


def unix_table(net: str, namespace: int = 0) -> Iterator[Endpoint]:
    """The unix sockets. A name's zero bytes were already written as `@` by the kernel."""
    for part, name in _unix_lines(net):
        flags, kind, state, inode = int(part[3], 16), int(part[4], 16), int(part[5], 16), int(part[6])
        accepts = bool(flags & _ACCEPTS)
        word = unix_state(10 if accepts else _UNIX_STATES.get(state, 7), inode)
        kinds = {1: "STREAM", 2: "DGRAM", 5: "SEQPACKET"}
        yield Endpoint(
            key=(namespace, f"unix {inode or part[0].decode()}"),
            protocol="unix",
            family=Family.UNIX,
            state=word,
            receive_queue=None,
            send_queue=None,
            local_address=unix_name(name) if name else None,
            local_port=None,
            remote_address=None,
            remote_port=None,
            uid=None,
            inode=inode,
            unix=Unix(kinds.get(kind, str(kind)), references=int(part[1], 16), accepts=accepts),
        )


def unix_references(net: str) -> dict[int, int]:
    """netstat's RefCnt of each unix socket, by inode."""
    return {int(part[6]): int(part[1], 16) for part, _ in _unix_lines(net)}


def packet_table(net: str, namespace: int = 0, interface: Callable[[int], str] = str) -> Iterator[Endpoint]:
    """The packet sockets."""
    for line in _table(f"{net}/packet").splitlines()[1:]:
        part = line.split()
        if len(part) < 9:
            continue
        index, inode = int(part[4]), int(part[8])
        yield packet(
            key=(namespace, f"packet {inode or part[0].decode()}"),
            number=int(part[3], 16),
            index=index,
            interface=interface(index) if index else "",
            uid=int(part[7]),
            inode=inode,
            cookie=None,
            queue=int(part[6]),
            drops=None,
        )


def listen_counters(net: str) -> tuple[int | None, int | None]:
    """ListenOverflows and ListenDrops of /proc/net/netstat: connections lost because a listener's queue was full,
    and all that were lost at listeners. None where the kernel does not count them."""
    lines = [line.split() for line in _table(f"{net}/netstat").splitlines() if line.startswith(b"TcpExt:")]
    if len(lines) != 2:
        return None, None
    found = dict(zip(*lines, strict=False))
    overflows, drops = found.get(b"ListenOverflows"), found.get(b"ListenDrops")
    return (None if overflows is None else int(overflows), None if drops is None else int(drops))


def socket_totals(net: str) -> tuple[int | None, int | None]:
    """Sockets in use of every kind, and TCP sockets that no program has any more, of /proc/net/sockstat."""
    words = _table(f"{net}/sockstat").split()
    found: dict[tuple[bytes, bytes], int] = {}
    section = b""
    for word, following in pairwise(words):
        if word.endswith(b":"):
            section = word
        elif following.isdigit():
            found[section, word] = int(following)
    return found.get((b"sockets:", b"used")), found.get((b"TCP:", b"orphan"))
