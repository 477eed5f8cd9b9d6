"""Delay accounting: how long a process waited for disk and swap (Documentation/accounting/taskstats.rst).

A request to the generic netlink family TASKSTATS, which needs CAP_NET_ADMIN; without it the clock ticks of
`/proc/PID/stat`, which count the main thread and nothing shorter than a tick. Both count only where delay accounting
is on (`sysctl kernel.task_delayacct`), and only for processes that started after it was.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

from pitop.kernel.memory.smaps import Gone, read_stat
from pitop.kernel.system import read_bytes
from pitop.model.memory.faults import Delays
from pitop.model.processes import ProcessKey

__all__ = ["DelayReader", "delay_accounting"]

_TICK = os.sysconf("SC_CLK_TCK")
_NETLINK_GENERIC = 16
_CTRL, _GETFAMILY, _FAMILY_ID, _FAMILY_NAME = 0x10, 3, 1, 2  # linux/genetlink.h
_GET, _ATTR_TGID, _TYPE_STATS = 1, 2, 3  # linux/taskstats.h: TASKSTATS_CMD_GET, CMD_ATTR_TGID, TYPE_STATS
_BROKEN = 15  # this version of struct taskstats put new fields in the middle; 16 moved them to the end
_DELAYS = struct.Struct("=4Q")  # blkio count and total ns, swapin count and total ns, at byte 32


def delay_accounting(root: Path = Path("/proc")) -> bool | None:
    """Whether the kernel counts delays; None where it cannot."""
    try:
        return int((root / "sys/kernel/task_delayacct").read_text()) != 0
    except (OSError, ValueError):
        return None


class DelayReader:
    """Asks for one process at a time. Without permission for netlink, or without the family, `/proc` answers."""

    def __init__(self, root: Path = Path("/proc")) -> None:
        self._root = root
        self._socket: socket.socket | None = None
        self._family = 0
        self._sequence = 0
        if root != Path("/proc"):
            return
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_GENERIC)
            self._socket.settimeout(0.2)
            self._socket.bind((0, 0))
            answer = self._ask(_CTRL, _GETFAMILY, _FAMILY_NAME, b"TASKSTATS\0")
            self._family = struct.unpack("=H", answer[_FAMILY_ID][:2])[0]
        except (OSError, KeyError, struct.error):
            self.close()

    def read(self, key: ProcessKey) -> Delays | None:
        """What the process waited since it started; None when it has ended."""
        counted = self._netlink(key[0])
        try:
            if counted is None:
                counted = self._ticks(key[0]) / _TICK, None
            stat = read_stat(key[0], self._root)
        except (Gone, OSError, ValueError, IndexError):
            return None
        if stat.key != key:
            return None
        disk, swap = counted
        # A major fault waits: none of it counted means that nothing was, whatever the switch says now.
        if not disk and (stat.major_faults or not delay_accounting(self._root)):
            return Delays(stat.major_faults, None, None)
        return Delays(stat.major_faults, disk, swap)

    def _ticks(self, pid: int) -> int:
        """Clock ticks that the main thread waited for block devices, field 42 of stat."""
        return int(read_bytes(f"{self._root}/{pid}/stat").rpartition(b")")[2].split()[39])

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _netlink(self, pid: int) -> tuple[float, float | None] | None:
        if self._socket is None:
            return None
        try:
            answer = self._ask(self._family, _GET, _ATTR_TGID, struct.pack("=I", pid))
        except PermissionError:
            self.close()
            return None
        except OSError:
            return None
        for kind, content in answer.items():
            if kind & 0x3FFF in (5, 4):  # TASKSTATS_TYPE_AGGR_TGID, AGGR_PID: the id and the statistics inside
                stats = _attributes(content).get(_TYPE_STATS, b"")
                if len(stats) >= 64 and struct.unpack_from("=H", stats)[0] != _BROKEN:
                    _, disk, _, swap = _DELAYS.unpack_from(stats, 32)
                    return disk / 1e9, swap / 1e9
        return None

    def _ask(self, family: int, command: int, attribute: int, content: bytes) -> dict[int, bytes]:
        assert self._socket is not None
        self._sequence += 1
        padded = content + b"\0" * (-len(content) % 4)
        body = struct.pack("=BBHHH", command, 1, 0, len(content) + 4, attribute) + padded
        self._socket.send(struct.pack("=IHHII", len(body) + 16, family, 1, self._sequence, 0) + body)
        while True:
            data = self._socket.recv(16384)
            _, kind, _, sequence, _ = struct.unpack_from("=IHHII", data)
            if sequence != self._sequence:
                continue  # the answer to a question that timed out
            if kind == 2:  # NLMSG_ERROR
                error = -struct.unpack_from("=i", data, 16)[0]
                raise OSError(error, os.strerror(error))
            return _attributes(data[20:])


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            break
        found[kind] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found
