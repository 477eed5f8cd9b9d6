"""The kernel's process events: fork, exec and exit of every process, over the netlink connector.

include/uapi/linux/cn_proc.h, include/uapi/linux/connector.h. Linux numbers the events of each CPU, so those that did
not fit into the socket's buffer are counted exactly.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import socket
import struct
import time
from typing import NamedTuple

__all__ = ["Connector", "Exec", "Exit", "Fork", "KernelEvent"]

_NETLINK_CONNECTOR = 11
_SO_RCVBUFFORCE = 33
_SO_ATTACH_FILTER = 26
_CN_IDX_PROC = _CN_VAL_PROC = 1
_LISTEN = 1
_NONE, _FORK, _EXEC, _EXIT = 0x0, 0x1, 0x2, 0x80000000
_BUFFER = 32 << 20  # bytes of events that may wait; memory is taken only for those that do
_NO_CPU = 0xFFFFFFFF
_PATIENCE = 0.5  # seconds for the kernel to acknowledge; it stays silent where it will send nothing

_HEAD = struct.Struct("=IHHII IIIIHH II Q")  # nlmsghdr, cn_msg, proc_event up to its union
_IDS = struct.Struct("=IIII")
_EXIT_IDS = struct.Struct("=IIIIII")


def _passing(*kinds: int) -> bytes:
    """A socket filter that passes events of these kinds and the answer to the subscription (linux/filter.h).

    A filter loads words in network order: what the kernel wrote in its own is compared turned round.
    """
    wanted = [socket.htonl(kind) for kind in (*kinds, _NONE)]
    return b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (0x20, 0, 0, 36),  # load proc_event.what, after nlmsghdr and cn_msg
            *((0x15, len(wanted) - place, 0, kind) for place, kind in enumerate(wanted)),
            (0x06, 0, 0, 0),
            (0x06, 0, 0, 0xFFFFFFFF),  # pass it whole
        )
    )


class Fork(NamedTuple):
    """A process was made. `at` is monotonic seconds in this and the others."""

    at: float
    pid: int
    ppid: int


class Exec(NamedTuple):
    """A process runs another program from now on."""

    at: float
    pid: int


class Exit(NamedTuple):
    """A process's first thread ended; `status` is as of wait(2). `ppid` is None on kernels that do not tell."""

    at: float
    pid: int
    ppid: int | None
    status: int


KernelEvent = Fork | Exec | Exit


def _in_first_namespaces() -> bool:
    """Whether this is the machine's own pid and user namespace (their inodes, include/linux/proc_ns.h)."""
    try:
        return (os.stat("/proc/self/ns/pid").st_ino, os.stat("/proc/self/ns/user").st_ino) == (0xEFFFFFFC, 0xEFFFFFFD)
    except OSError:
        return True


class Connector:
    """Listens to process events. Raises OSError where the kernel has none, or does not let us listen.

    Only the initial pid and user namespace hear them: elsewhere (in a container) the kernel does not answer. With
    `only_execs` the kernel passes on nothing else, without `execs` all but these; then `lost` only tells whether
    the buffer was too small.
    """

    def __init__(self, *, only_execs: bool = False, execs: bool = True) -> None:
        if not _in_first_namespaces():
            raise PermissionError(errno.EPERM, "process events are told outside of containers only")
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _NETLINK_CONNECTOR)
        self.lost = 0
        self._counts: dict[int, int] = {}  # the number of the newest event of each CPU
        self._counted = execs and not only_execs  # whether a gap in the numbers means that something was lost
        self._early: list[KernelEvent] = []  # what came with the answer to the subscription
        try:
            self._enlarge()
            if not self._counted:
                program = ctypes.create_string_buffer(_passing(_EXEC) if only_execs else _passing(_FORK, _EXIT))
                whole = struct.pack("HP", len(program) // 8, ctypes.addressof(program))
                self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, whole)
            self._socket.bind((0, _CN_IDX_PROC))
            self._subscribe()
        except BaseException:
            self._socket.close()
            raise
        self._socket.setblocking(False)

    def _enlarge(self) -> None:
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        except PermissionError:  # without CAP_NET_ADMIN only up to net.core.rmem_max
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)

    def _subscribe(self) -> None:
        body = struct.pack("=IIIIHHI", _CN_IDX_PROC, _CN_VAL_PROC, 0, 0, 4, 0, _LISTEN)
        self._socket.send(struct.pack("=IHHII", 16 + len(body), 3, 0, 0, os.getpid()) + body)
        deadline = time.monotonic() + _PATIENCE
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        while (left := deadline - time.monotonic()) > 0:
            if not poll.poll(left * 1000):
                break
            try:
                data = self._socket.recv(4096)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                return  # events overflow already, so they come
            self._take(data, self._early)
            if len(data) >= _HEAD.size + 4 and _HEAD.unpack_from(data)[11] == _NONE:
                if failed := struct.unpack_from("=I", data, _HEAD.size)[0]:
                    raise OSError(failed, os.strerror(failed))
                return
            if self._early:
                return  # events come already
        raise OSError(errno.EPROTONOSUPPORT, "the kernel does not answer: it was built without process events")

    def fileno(self) -> int:
        """Readable when there are events."""
        return self._socket.fileno()

    def read(self, most: int = 100_000) -> list[KernelEvent]:
        """The events that wait, oldest first, without blocking. Counts lost ones in `lost`."""
        found, self._early = self._early, []
        receive, take = self._socket.recv, self._take
        for _ in range(most):
            try:
                take(receive(4096), found)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # the gap in the numbers tells how many were lost
                    raise
                if not self._counted:
                    self.lost += 1
        return found

    def _take(self, data: bytes, found: list[KernelEvent]) -> None:
        """Append the event in a message, and count what is missing before it."""
        if len(data) < _HEAD.size:
            return
        head = _HEAD.unpack_from(data)
        number, what, cpu, at = head[7], head[11], head[12], head[13] / 1e9
        if cpu != _NO_CPU and self._counted:  # answers to those who begin to listen are numbered, too, since Linux 6.6
            before = self._counts.get(cpu)
            self._counts[cpu] = number
            if before is not None and (gap := (number - before - 1) & 0xFFFFFFFF) < 1 << 31:
                self.lost += gap
        if what == _FORK:
            _, parent, thread, pid = _IDS.unpack_from(data, _HEAD.size)
            if thread == pid:
                found.append(Fork(at, pid, parent))
        elif what == _EXEC:
            found.append(Exec(at, _IDS.unpack_from(data, _HEAD.size)[1]))
        elif what == _EXIT:
            thread, pid, status, _, _, parent = _EXIT_IDS.unpack_from(data, _HEAD.size)
            if thread == pid:
                found.append(Exit(at, pid, parent or None, status))

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
