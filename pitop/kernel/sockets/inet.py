"""TCP, UDP, UDP-Lite and raw sockets through sock_diag (linux/inet_diag.h, linux/tcp.h).

A dump of many sockets is read in two steps, since most sockets have not changed since the dump before: `messages`
gives for each the few bytes that move when anything moves, at C speed; `endpoint` reads a whole message.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from pitop.kernel.sockets.diag import TCPDIAG_GETSOCK, Attributes, Diag, attributes
from pitop.model.sockets import TCP_STATES, Endpoint, Family, Tcp

__all__ = [
    "COOKIE",
    "LISTENING",
    "NOT_LISTENING",
    "Fields",
    "address_text",
    "dump",
    "dump_tcp",
    "endpoint",
    "messages",
    "one_request",
]

Fields = tuple[Any, ...]
"""What tells two readings of a message apart; equal fields, equal socket. The cookie is at COOKIE."""

COOKIE = 2

LISTENING = 1 << 10
NOT_LISTENING = 0xFFF & ~LISTENING

_MEMINFO, _INFO, _CONG, _SKMEMINFO, _SHUTDOWN, _SKV6ONLY, _CGROUP_ID = 1, 2, 4, 7, 8, 11, 21

_REQUEST = struct.Struct("=BBBxI48x")  # inet_diag_req_v2
_EARLIER = struct.Struct("=3xB48xI4x")  # inet_diag_req, of the time before sock_diag
_MESSAGE = struct.Struct("=BBBB2s2s16s16sIQIIIII")
_START = 16  # a message's netlink header
_ATTRIBUTES = _START + 72
_LENGTH = struct.Struct("=I")
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_COUNTERS = 136  # where tcp_info counts segments out and in, linux/tcp.h
_TIMERS = ("off", "on", "keepalive", "timewait", "probe")  # idiag_timer in netstat's words; on is retransmission
_CONGESTION_STATES = ("Open", "Disorder", "CWR", "Recovery", "Loss")
_NAMES = {6: "tcp", 17: "udp", 136: "udplite", 255: "raw"}
_NUMBERS = {name: number for number, name in _NAMES.items()}
_NO_THRESHOLD = 0x7FFFFFFF


def _bit(extension: int) -> int:
    return 1 << (extension - 1)


def dump(diag: Diag, family: int, transport: str, states: int = 0xFFF) -> Iterator[bytes]:
    """Chunks of messages for every socket of `transport` (tcp, udp, udplite, raw) in `family` (AF_INET, AF_INET6).

    Raises DiagAbsent.
    """
    return diag.dump(_REQUEST.pack(family, _NUMBERS[transport], _wanted(transport, states), states))


def dump_tcp(diag: Diag, states: int) -> Iterator[bytes]:
    """Chunks of messages for every TCP socket of both families, mixed.

    The kernel has one table for both, of up to half a million places, and goes through all of it for each dump: asked
    in this older way, which knows no family, only once. Raises DiagAbsent.
    """
    return diag.dump(_EARLIER.pack(_wanted("tcp", states), states), TCPDIAG_GETSOCK)


def _wanted(transport: str, states: int) -> int:
    return _bit(_INFO) | _bit(_CONG) if transport == "tcp" and states != LISTENING else _bit(_SKMEMINFO)


@lru_cache(256)
def _unpacker(size: int, info_at: int) -> Callable[[memoryview], Iterator[Fields]]:
    """Fields are: length, state and addresses, cookie, queues and inode, then what moves; the timer's rest is left out.

    With a tcp_info at `info_at` that is the heads of its attribute and its segment counters: nothing else of a
    connection changes without them but times, which are kept as moments.
    """
    head = "=I12x44sQ4x16s"
    at = _ATTRIBUTES
    if info_at:
        seen = f"{info_at - at}xI{_COUNTERS}x8s"
        rest = size - (info_at + 4 + _COUNTERS + 8)
        return struct.Struct(f"{head}{seen}{rest}x").iter_unpack
    return struct.Struct(f"{head}{size - at}s").iter_unpack


def messages(chunk: bytes) -> Iterator[tuple[Fields, int]]:
    """For each message its changeable fields and where it starts. Messages of one length are read in one go."""
    end = len(chunk)
    at = 0
    view = memoryview(chunk)
    while at + _ATTRIBUTES <= end:
        size = _LENGTH.unpack_from(chunk, at)[0]
        if size < _ATTRIBUTES or at + size > end:
            return
        info_at = _info_at(view[at : at + size])
        mark = _LENGTH.unpack_from(chunk, at + info_at)[0] if info_at else None
        stop = at + (end - at) // size * size
        for fields in _unpacker(size, info_at)(view[at:stop]):
            if fields[0] != size or (mark is not None and fields[4] != mark):
                break
            yield fields, at
            at += size


def _info_at(message: memoryview) -> int:
    """Where the attribute tcp_info stands in a message, when it is long enough to count segments; else 0."""
    at = _ATTRIBUTES
    end = len(message)
    while at + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(message, at)
        if kind == _INFO:
            return at if length >= 4 + _COUNTERS + 8 else 0
        if length < 4:
            return 0
        at += (length + 3) & ~3
    return 0


def address_text(family: int, raw: bytes) -> str:
    """An address as text; IPv4 inside IPv6 as IPv4, as netstat prints it."""
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, raw[:4])
    return _ipv6(raw)


@lru_cache(4096)
def _ipv6(raw: bytes) -> str:
    if raw.startswith(b"\0\0\0\0\0\0\0\0\0\0\xff\xff"):
        return socket.inet_ntop(socket.AF_INET, raw[12:])
    return socket.inet_ntop(socket.AF_INET6, raw)


def endpoint(
    chunk: bytes, at: int, transport: str, now: float, namespace: int = 0, interface: Callable[[int], str] = str
) -> Endpoint:
    """The whole socket in the message at byte `at`. `now` (unix seconds) turns the kernel's delays into moments."""
    size = _LENGTH.unpack_from(chunk, at)[0]
    message = memoryview(chunk)[at : at + size]
    (
        family, state, timer, retries,
        sport, dport, source, destination, index, cookie,
        expires, rqueue, wqueue, uid, inode,
    ) = _MESSAGE.unpack_from(message, _START)  # fmt: skip
    found = attributes(message, _ATTRIBUTES)
    tcp = None
    if transport == "tcp":
        word = TCP_STATES[state] if state < len(TCP_STATES) else TCP_STATES[0]
        if _INFO in found and state != 10:
            tcp = _tcp(bytes(found[_INFO]), found, now)
    else:
        word = "ESTABLISHED" if state == 1 else ""
    remote_port = int.from_bytes(dport, "big") or None
    memory = _memory(found)
    v6only = found.get(_SKV6ONLY)
    cgroup = found.get(_CGROUP_ID)
    return Endpoint(
        key=(namespace, cookie),
        protocol=transport + "6" if family == socket.AF_INET6 else transport,
        family=Family.IPV6 if family == socket.AF_INET6 else Family.IPV4,
        state=word,
        receive_queue=rqueue,
        send_queue=wqueue,
        local_address=address_text(family, source),
        local_port=int.from_bytes(sport, "big"),
        remote_address=address_text(family, destination),
        remote_port=None if transport == "raw" else remote_port,
        uid=uid if uid or inode else None,  # out of a program's hands the kernel says 0 of both
        inode=inode,
        cookie=cookie,
        interface_index=index,
        interface=interface(index) if index else "",
        timer=_TIMERS[timer] if 0 < timer < len(_TIMERS) else "",
        timer_time=now + expires / 1000 if timer else None,
        retries=retries if transport == "tcp" else None,
        drops=memory[8] if len(memory) > 8 else None,
        receive_buffer_bytes=memory[1] if len(memory) > 3 else None,
        send_buffer_bytes=memory[3] if len(memory) > 3 else None,
        only_ipv6=bool(v6only[0]) if v6only else None,
        cgroup=struct.unpack("=Q", cgroup)[0] if cgroup is not None else None,
        tcp=tcp,
    )


def _memory(found: Attributes) -> tuple[int, ...]:
    raw = found.get(_SKMEMINFO)
    return () if raw is None else struct.unpack(f"={len(raw) // 4}I", raw[: len(raw) // 4 * 4])


# struct tcp_info, linux/tcp.h. Older kernels end earlier: what lies past their end is unknown.
_TCP = struct.Struct("=xB3xBBBI4xIII4xI4x4xI4xI4xI4xIIII4xI8xIQ8xQQIIII8xQQQQ8xQQ")
_WITH_ACKED, _WITH_SEGMENTS, _WITH_UNSENT, _WITH_DELIVERY, _WITH_BUSY, _WITH_SENT = 136, 144, 152, 168, 192, 216
_OPTIONS = ((1, "ts"), (2, "sack"), (8, "ecn"), (16, "ecnseen"), (32, "fastopen"))


@lru_cache(256)
def _option_words(options: int, scales: int) -> str:
    words = [word for bit, word in _OPTIONS if options & bit]
    if options & 4:
        words.append(f"wscale:{scales & 15},{scales >> 4}")
    return " ".join(words)


@lru_cache(64)
def _algorithm(name: bytes) -> str:
    return name.rstrip(b"\0").decode(errors="backslashreplace")


def _tcp(info: bytes, found: Attributes, now: float) -> Tcp:
    told = len(info)
    (
        recovery, options, scales, flags,
        rto, mss, receive_mss,
        unacked, lost,
        last_sent, last_received,
        path_mtu,
        rtt, variation, threshold, window, reordering,
        retransmits,
        pacing, acked, received, segments_out, segments_in,
        unsent, minimum_rtt,
        delivery, busy, receiver_limited, buffer_limited,
        sent, retransmitted,
    ) = _TCP.unpack_from(info if told >= _TCP.size else info.ljust(_TCP.size, b"\0"))  # fmt: skip
    name = found.get(_CONG)
    acks = told >= _WITH_ACKED
    sends = told >= _WITH_SENT
    return Tcp(
        rtt_ms=rtt / 1000 if rtt else None,
        rtt_variation_ms=variation / 1000 if rtt else None,
        minimum_rtt_ms=minimum_rtt / 1000 if told >= _WITH_UNSENT and 0 < minimum_rtt < 0xFFFFFFFF else None,
        rto_ms=rto / 1000,
        congestion_window=window,
        slow_start_threshold=threshold if threshold < _NO_THRESHOLD else None,
        congestion_control=_algorithm(bytes(name)) if name is not None else None,
        congestion_state=_CONGESTION_STATES[recovery] if recovery < len(_CONGESTION_STATES) else str(recovery),
        retransmits=retransmits,
        unacked=unacked,
        lost=lost,
        reordering=reordering,
        mss_bytes=mss,
        receive_mss_bytes=receive_mss,
        path_mtu_bytes=path_mtu,
        bytes_sent=sent if sends else None,
        bytes_acked=acked if acks else None,
        bytes_received=received if acks else None,
        bytes_retransmitted=retransmitted if sends else None,
        segments_sent=segments_out if told >= _WITH_SEGMENTS else None,
        segments_received=segments_in if told >= _WITH_SEGMENTS else None,
        unsent_bytes=unsent if told >= _WITH_UNSENT else None,
        pacing_bytes_per_second=float(pacing) if acks and 0 < pacing < 1 << 63 else None,
        delivery_bytes_per_second=float(delivery) if told >= _WITH_DELIVERY and delivery else None,
        busy_ms=busy / 1000 if told >= _WITH_BUSY else None,
        receive_window_limited_ms=receiver_limited / 1000 if told >= _WITH_BUSY else None,
        send_buffer_limited_ms=buffer_limited / 1000 if told >= _WITH_BUSY else None,
        application_limited=bool(flags & 1) if told >= _WITH_DELIVERY else None,
        last_sent_time=now - last_sent / 1000 if sent else None,
        last_received_time=now - last_received / 1000 if received else None,
        options=_option_words(options, scales),
    )


_FAMILIES = {Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}
_IDENTITY = struct.Struct("=BBxxI2s2s16s16sIQ")  # inet_diag_req_v2


def one_request(socket_: Endpoint) -> bytes:
    """A request that names exactly this socket, for a query or for SOCK_DESTROY. The kernel compares the cookie.

    Raises ValueError for a socket that is not of TCP or UDP, or that has no cookie.
    """
    number = _NUMBERS.get(socket_.transport)
    if number is None or socket_.cookie is None:
        raise ValueError("not a TCP or UDP socket that the kernel can be asked for")
    family = _FAMILIES[socket_.family]
    return _IDENTITY.pack(
        family,
        number,
        0xFFF,
        (socket_.local_port or 0).to_bytes(2, "big"),
        (socket_.remote_port or 0).to_bytes(2, "big"),
        _address_bytes(family, socket_.local_address),
        _address_bytes(family, socket_.remote_address),
        socket_.interface_index,
        socket_.cookie,
    )


def _address_bytes(family: int, text: str | None) -> bytes:
    if text is None:
        return b""
    if family == socket.AF_INET6 and ":" not in text:
        return b"\0" * 10 + b"\xff\xff" + socket.inet_pton(socket.AF_INET, text)
    return socket.inet_pton(family, text)
