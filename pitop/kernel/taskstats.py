"""Taskstats: the kernel's last accounts of every thread that ends, and the delays of those that live.

Generic netlink family TASKSTATS; include/uapi/linux/taskstats.h, Documentation/accounting/taskstats.rst. Needs
CAP_NET_ADMIN in the initial namespaces.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Delays", "ExitRecords", "ThreadRecord", "delays_of"]

_NETLINK_GENERIC = 16
_GENL_ID_CTRL = 16
_SO_RCVBUFFORCE = 33
_NLMSG_ERROR = 2
_BUFFER = 32 << 20
_REGISTER, _DEREGISTER = 3, 4  # TASKSTATS_CMD_ATTR_*_CPUMASK
_PID, _TGID, _STATS, _AGGR_PID, _AGGR_TGID = 1, 2, 3, 4, 5  # TASKSTATS_TYPE_*


class ThreadRecord(NamedTuple):
    """The end of one thread. Times are in seconds; `max_rss_bytes` is that of the whole process."""

    pid: int
    tgid: int
    name: str
    uid: int
    status: int
    user_seconds: float
    system_seconds: float
    elapsed_seconds: float
    minor_faults: int
    major_faults: int
    max_rss_bytes: int
    read_bytes: int
    written_bytes: int
    run_queue_seconds: float
    block_io_seconds: float


class Delays(NamedTuple):
    """What a process has waited for since it began, in seconds, all its threads together.

    All but `cpu_seconds` are 0 unless the kernel keeps delay accounts (sysctl kernel.task_delayacct).
    """

    cpu_seconds: float
    block_io_seconds: float
    swap_in_seconds: float
    reclaim_seconds: float
    thrashing_seconds: float


def _attributes(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Netlink attributes: type, and where the value begins and ends."""
    while start + 4 <= end:
        length, kind = struct.unpack_from("=HH", data, start)
        if length < 4:
            return
        yield kind & 0x3FFF, start + 4, min(start + length, end)
        start += (length + 3) & ~3


class _Family:
    """A socket to the TASKSTATS family. Raises OSError where the kernel has none."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_GENERIC)
        try:
            self.socket.bind((0, 0))
            self.socket.settimeout(1.0)
            answer = self.ask(_GENL_ID_CTRL, 3, 1, 2, b"TASKSTATS\0")  # CTRL_CMD_GETFAMILY, …_ATTR_FAMILY_NAME
            found = [start for kind, start, _ in _attributes(answer, 20, len(answer)) if kind == 1]
            if not found:
                raise OSError(errno.EPROTONOSUPPORT, "the kernel has no taskstats")
            self.number: int = struct.unpack_from("=H", answer, found[0])[0]
        except BaseException:
            self.socket.close()
            raise

    def send(self, family: int, command: int, version: int, kind: int, value: bytes, flags: int = 1) -> None:
        padding = b"\0" * (-len(value) % 4)
        body = struct.pack("=BBHHH", command, version, 0, 4 + len(value), kind) + value + padding
        self.socket.send(struct.pack("=IHHII", 16 + len(body), family, flags, 1, 0) + body)

    def ask(self, family: int, command: int, version: int, kind: int, value: bytes, flags: int = 1) -> bytes:
        """Send and give the first answer. Raises OSError as the kernel says."""
        self.send(family, command, version, kind, value, flags)
        answer = self.socket.recv(16384)
        if struct.unpack_from("=H", answer, 4)[0] == _NLMSG_ERROR and (
            code := -struct.unpack_from("=i", answer, 16)[0]
        ):
            raise OSError(code, os.strerror(code))
        return answer

    def close(self) -> None:
        self.socket.close()


def _u64(data: bytes, at: int) -> int:
    value: int = struct.unpack_from("=Q", data, at)[0]
    return value


class ExitRecords:
    """Receives a record of every thread that ends. Raises PermissionError without CAP_NET_ADMIN, OSError otherwise."""

    def __init__(self) -> None:
        self._family = _Family()
        self.overflows = 0
        try:
            try:
                self._family.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
            except PermissionError:
                self._family.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            with open("/sys/devices/system/cpu/possible", "rb") as file:
                self._cpus = file.read().strip() + b"\0"
            self._family.ask(self._family.number, 1, 1, _REGISTER, self._cpus, flags=1 | 4)
        except BaseException:
            self._family.close()
            raise
        self._family.socket.setblocking(False)

    def fileno(self) -> int:
        """Readable when there are records."""
        return self._family.socket.fileno()

    def read(self, most: int = 100_000) -> list[ThreadRecord]:
        """The records that wait, oldest first, without blocking."""
        found: list[ThreadRecord] = []
        for _ in range(most):
            try:
                data = self._family.socket.recv(16384)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    self.overflows += 1
                    continue
                raise
            for kind, start, end in _attributes(data, 20, len(data)):
                if kind == _AGGR_PID:
                    found += [
                        _record(data[at:to]) for inner, at, to in _attributes(data, start, end) if inner == _STATS
                    ]
        return found

    def close(self) -> None:
        """Stop receiving."""
        self._family.socket.setblocking(True)
        try:
            self._family.send(self._family.number, 1, 1, _DEREGISTER, self._cpus)
        except OSError:
            pass  # closing ends the registration as well, at the next record
        self._family.close()


def _record(stats: bytes) -> ThreadRecord:
    """Offsets of struct taskstats; fields are only ever added at its end."""
    status, uid, pid = (struct.unpack_from("=I", stats, at)[0] for at in (4, 120, 128))
    (elapsed, user, system, minor, major) = struct.unpack_from("=5Q", stats, 144)
    tgid: int = struct.unpack_from("=I", stats, 368)[0] if len(stats) >= 372 else pid  # since version 11
    return ThreadRecord(
        pid=pid,
        tgid=tgid,
        name=stats[80:112].split(b"\0", 1)[0].decode("utf-8", "backslashreplace"),
        uid=uid,
        status=status,
        user_seconds=user / 1e6,
        system_seconds=system / 1e6,
        elapsed_seconds=elapsed / 1e6,
        minor_faults=minor,
        major_faults=major,
        max_rss_bytes=_u64(stats, 200) * 1024,
        read_bytes=_u64(stats, 248),
        written_bytes=_u64(stats, 256),
        run_queue_seconds=_u64(stats, 24) / 1e9,
        block_io_seconds=_u64(stats, 40) / 1e9,
    )


def delays_of(pid: int) -> Delays:
    """The delays of a living process. Raises PermissionError without CAP_NET_ADMIN, ProcessLookupError, OSError."""
    family = _Family()
    try:
        data = family.ask(family.number, 1, 1, _TGID, struct.pack("=I", pid))
    finally:
        family.close()
    for kind, start, end in _attributes(data, 20, len(data)):
        if kind == _AGGR_TGID:
            for inner, at, to in _attributes(data, start, end):
                if inner == _STATS:
                    stats = data[at:to]
                    return Delays(*(_u64(stats, offset) / 1e9 for offset in (24, 40, 56, 320, 336)))
    raise ProcessLookupError(pid)
