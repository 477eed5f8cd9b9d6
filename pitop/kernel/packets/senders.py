"""Who begins to talk, told by the kernel while it happens: its own trace points, without any program in the kernel.

A process that connects, or asks a name server, has the kernel look for a route, in the process's own time. The trace
points fib:fib_table_lookup and fib6:fib6_table_lookup (trace/events/fib.h, fib6.h) tell both ports then, and
perf_event_open(2) the process: even of a socket that is closed before anybody could look. IPv6 looks for the route of a
TCP connection before it has a port, so there sock:inet_sock_set_state is taken, twice: as it begins to connect, which
tells the process, and when it is connected, which tells the port of the same socket.

It takes CAP_PERFMON (or root) and a kernel with trace points; nothing of the machine is changed for it.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import platform
import re
import struct
import sys
import time
from collections import OrderedDict
from typing import NamedTuple

__all__ = ["Senders"]

_CALLS = {"x86_64": 298, "aarch64": 241, "riscv64": 241, "ppc64le": 319, "s390x": 331, "i686": 336}
_CALL_32 = {"armv6l": 364, "armv7l": 364, "armv8l": 364, "i686": 336}
_TRACEPOINT = 2
_TID, _RAW = 1 << 1, 1 << 10
_WATERMARK, _CLOSE_ON_EXEC = 1 << 14, 1 << 3
_SET_OUTPUT = 0x2405
_SET_FILTER = 0x40002406 | struct.calcsize("P") << 16
_LOST, _SAMPLE = 2, 9
_PAGES = 16  # of each CPU's ring
_HEAD = 1024  # where perf_event_mmap_page has data_head; data_tail follows
_INTERRUPTED = 0x08 | 0x10 | 0x40  # in an interrupt: whoever is running then has nothing to do with it
_KEPT = 2.0  # seconds that what was told holds
_MOST = 4096
_NEW_NAMESPACE, _PRIVATE = 0x20000, 1 << 14 | 1 << 18  # CLONE_NEWNS; MS_REC | MS_PRIVATE
_PLACES = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
_SYN_SENT = 2
_TCP, _UDP = 6, 17
_V6 = 10
Key = tuple[int, int, bytes, int]
_FIELD = re.compile(r"field:[^;]*?(\w+)(?:\[\d*\])?;\s*offset:(\d+);\s*size:(\d+);")


class _Point(NamedTuple):
    """A trace point: its number, where its fields are, and what of it is wanted."""

    number: int
    fields: dict[str, tuple[int, int]]
    wanted: str

    def value(self, data: bytes, name: str) -> int:
        at, size = self.fields[name]
        return int.from_bytes(data[at : at + size], sys.byteorder)

    def octets(self, data: bytes, name: str) -> bytes:
        at, size = self.fields[name]
        return data[at : at + size]


_ROUTES = "sport != 0 && (proto == 6 || (proto == 17 && dport == 53))"
_POINTS = (
    ("fib/fib_table_lookup", _ROUTES, ("proto", "dst", "sport", "dport", "common_flags")),
    ("fib6/fib6_table_lookup", _ROUTES, ("proto", "dst", "sport", "dport", "common_flags")),
    (
        "sock/inet_sock_set_state",
        f"family == {_V6} && protocol == {_TCP} && (newstate == {_SYN_SENT} || oldstate == {_SYN_SENT})",
        ("skaddr", "oldstate", "newstate", "sport", "dport", "daddr_v6", "common_flags"),
    ),
)


class Senders:
    """Which process began to talk from which port. Raises OSError where the kernel does not tell.

    It must be made in a process that shares its mounts with nobody who minds: where the file system that numbers the
    trace points is mounted nowhere, this process gets a view of its own with it.
    """

    def __init__(self) -> None:
        self._points = {point.number: point for point in _found()}
        self._rings: list[_Ring] = []
        self._told: OrderedDict[Key, tuple[int, float]] = OrderedDict()
        self._connecting: OrderedDict[int, int] = OrderedDict()  # socket → process
        self.lost = 0
        try:
            for cpu in _cpus():
                self._rings.append(_Ring(cpu, tuple(self._points.values())))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give all back."""
        for ring in self._rings:
            ring.close()

    def filenos(self) -> list[int]:
        """Readable when so much has been told that it should be read."""
        return [ring.fileno() for ring in self._rings]

    def read(self) -> None:
        """Take in what has been told."""
        now = time.monotonic()
        for ring in self._rings:
            for pid, data in ring.records():
                if data is None:
                    self.lost += 1
                    self._told.clear()  # what is known may have been overtaken by what was lost
                else:
                    self._take(pid, data, now)

    def sender(self, transport: int, port: int, remote: bytes, remote_port: int) -> int | None:
        """The process that began to talk from a port to an address just now; None when none is known."""
        told = self._told.get((transport, port, remote, remote_port))
        if told is None or time.monotonic() - told[1] > _KEPT:
            return None
        return told[0]

    def _take(self, pid: int, data: bytes, now: float) -> None:
        if len(data) < 4:
            return
        point = self._points.get(struct.unpack_from("=H", data)[0])
        if point is None:
            return
        apart = point.value(data, "common_flags") & _INTERRUPTED
        if "skaddr" in point.fields:
            own = point.value(data, "skaddr")
            if point.value(data, "newstate") == _SYN_SENT:
                if not apart:
                    self._connecting[own] = pid
                    if len(self._connecting) > _MOST:
                        self._connecting.popitem(last=False)
                return
            known = self._connecting.pop(own, None)
            if known is not None:
                key = (_TCP, point.value(data, "sport"), point.octets(data, "daddr_v6"), point.value(data, "dport"))
                self._keep(key, known, now)
        elif not apart and pid > 0:
            transport = point.value(data, "proto")
            key = (transport, point.value(data, "sport"), point.octets(data, "dst"), point.value(data, "dport"))
            self._keep(key, pid, now)

    def _keep(self, key: Key, pid: int, now: float) -> None:
        self._told.pop(key, None)
        self._told[key] = (pid, now)
        if len(self._told) > _MOST:
            self._told.popitem(last=False)


class _Ring:
    """What one CPU tells."""

    def __init__(self, cpu: int, points: tuple[_Point, ...]) -> None:
        self._descriptors: list[int] = []
        self._map: mmap.mmap | None = None
        size = _PAGES * mmap.PAGESIZE
        try:
            for point in points:
                descriptor = _opened(point.number, cpu, size // 2)
                self._descriptors.append(descriptor)
                _order(descriptor, _SET_FILTER, ctypes.c_char_p(point.wanted.encode()))
                if len(self._descriptors) == 1:
                    self._map = mmap.mmap(
                        descriptor, size + mmap.PAGESIZE, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE
                    )
                else:
                    _order(descriptor, _SET_OUTPUT, ctypes.c_long(self._descriptors[0]))
        except BaseException:
            self.close()
            raise
        self._size = size

    def fileno(self) -> int:
        return self._descriptors[0]

    def records(self) -> list[tuple[int, bytes | None]]:
        """Process and what a trace point told of it; None in its place where something was lost."""
        assert self._map is not None
        head, tail = struct.unpack_from("=QQ", self._map, _HEAD)
        if head == tail:
            return []
        found: list[tuple[int, bytes | None]] = []
        data = self._between(tail, head)
        at = 0
        while at + 8 <= len(data):
            kind, _, size = struct.unpack_from("=IHH", data, at)
            if size < 8 or at + size > len(data):
                break
            if kind == _SAMPLE and size >= 20:
                pid, _, length = struct.unpack_from("=iiI", data, at + 8)
                found.append((pid, data[at + 20 : at + 20 + length]))
            elif kind == _LOST:
                found.append((0, None))
            at += size
        struct.pack_into("=Q", self._map, _HEAD + 8, head)
        return found

    def _between(self, tail: int, head: int) -> bytes:
        assert self._map is not None
        start, stop = tail % self._size, head % self._size
        page = mmap.PAGESIZE
        if start < stop:
            return self._map[page + start : page + stop]
        return self._map[page + start : page + self._size] + self._map[page : page + stop]

    def close(self) -> None:
        if self._map is not None:
            self._map.close()
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()


def _order(descriptor: int, what: int, value: ctypes.c_char_p | ctypes.c_long) -> None:
    """ioctl(2), of which Python's takes no pointers."""
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.ioctl(ctypes.c_int(descriptor), ctypes.c_ulong(what), value))


def _checked(result: int) -> int:
    """What a call gave. Raises OSError where it failed."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _opened(number: int, cpu: int, watermark: int) -> int:
    """A descriptor for one trace point on one CPU, of every process (perf_event_open(2))."""
    machine = platform.machine()
    call = (_CALLS if struct.calcsize("P") == 8 else _CALL_32).get(machine)
    if call is None:
        raise OSError(38, f"how {machine} is asked is not known")
    wanted = struct.pack("=IIQQQQQII56x", _TRACEPOINT, 112, number, 1, _TID | _RAW, 0, _WATERMARK, watermark, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    descriptor = libc.syscall(
        ctypes.c_long(call), ctypes.c_char_p(wanted), ctypes.c_int(-1), ctypes.c_int(cpu), ctypes.c_int(-1),
        ctypes.c_ulong(_CLOSE_ON_EXEC),
    )  # fmt: skip
    return int(_checked(descriptor))


def _cpus(root: str = "/sys") -> list[int]:
    """The CPUs that are on, from a list such as `0-3,6`."""
    with open(f"{root}/devices/system/cpu/online", encoding="ascii") as file:
        parts = [part.partition("-") for part in file.read().strip().split(",")]
    return [cpu for first, _, last in parts for cpu in range(int(first), int(last or first) + 1)]


def _found() -> list[_Point]:
    """The trace points. Raises OSError where there are none."""
    for place in _PLACES:
        if os.path.exists(f"{place}/events/{_POINTS[0][0]}"):
            return _numbered(place)
    libc = ctypes.CDLL(None, use_errno=True)
    place = _PLACES[0]
    _checked(libc.unshare(_NEW_NAMESPACE))
    _checked(libc.mount(None, b"/", None, ctypes.c_ulong(_PRIVATE), None))
    _checked(libc.mount(b"pitop", place.encode(), b"tracefs", ctypes.c_ulong(0), None))
    try:
        return _numbered(place)
    finally:
        with contextlib.suppress(OSError):
            libc.umount2(place.encode(), 2)


def _numbered(place: str) -> list[_Point]:
    points = []
    for name, wanted, fields in _POINTS:
        with open(f"{place}/events/{name}/format", encoding="ascii") as file:
            text = file.read()
        known = {field: (int(at), int(size)) for field, at, size in _FIELD.findall(text)}
        number = re.search(r"^ID: (\d+)$", text, re.M)
        if number is None or not known.keys() >= set(fields):
            raise OSError(95, f"the trace point {name} tells something else here")
        points.append(_Point(int(number[1]), known, wanted))
    return points
