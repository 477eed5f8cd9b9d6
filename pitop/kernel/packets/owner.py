"""Which process a flow belongs to: one targeted question to the kernel, then who holds that socket.

sock_diag(7) answers for one pair of addresses and ports in some 13 µs with the socket's inode; the process that has it
open is found under /proc/PID/fd. What ends before it is asked for stays unknown.
"""

from __future__ import annotations

import os
import socket
import struct
import time

from pitop.model.packets.row import Owner

__all__ = ["SocketOwners"]

_SOCK_DIAG = 4
_BY_FAMILY = 20
_REQUEST = 1
_NO_COOKIE = b"\xff" * 8
_ALL_STATES = 0xFFFFFFFF
_DUTY = 3  # times as long as a walk of every process took, no other is begun
_LONGEST_PAUSE = 0.1
_MOST = 50_000


class SocketOwners:
    """Finds owners; `root` is where /proc is. A socket that cannot be opened makes every answer None."""

    def __init__(self, root: str = "/proc") -> None:
        self._root = root
        self._known: dict[int, Owner] = {}
        self._rested = 0.0
        try:
            self._socket: socket.socket | None = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG)
            self._socket.settimeout(0.2)
        except OSError:
            self._socket = None

    def close(self) -> None:
        """Close the netlink socket."""
        if self._socket is not None:
            self._socket.close()

    def find(self, protocol: int, local: bytes, local_port: int, remote: bytes, remote_port: int) -> Owner | None:
        """The process with the socket of this flow on this machine; None when it is not known.

        `protocol` is 6 or 17, addresses are packed.
        """
        inode = self.inode(protocol, local, local_port, remote, remote_port)
        return self.holder(inode) if inode else None

    def inode(self, protocol: int, local: bytes, local_port: int, remote: bytes, remote_port: int) -> int | None:
        """The socket's inode; 0 for one that no process has open any more, None when there is none."""
        ends = ((local, local_port), (remote, remote_port))
        inode = self._asked(protocol, *ends)
        if inode is None and protocol == 17:
            inode = self._asked(protocol, *ends[::-1])  # for UDP most kernels take the ends the other way round
        return inode

    def _asked(self, protocol: int, one: tuple[bytes, int], other: tuple[bytes, int]) -> int | None:
        if self._socket is None:
            return None
        family = socket.AF_INET if len(one[0]) == 4 else socket.AF_INET6
        ends = struct.pack("!HH", one[1], other[1]) + one[0].ljust(16, b"\0") + other[0].ljust(16, b"\0")
        body = struct.pack("=BBBBI", family, protocol, 0, 0, _ALL_STATES) + ends + bytes(4) + _NO_COOKIE
        message = struct.pack("=IHHII", 16 + len(body), _BY_FAMILY, _REQUEST, 1, 0) + body
        try:
            self._socket.send(message)
            answer = self._socket.recv(8192)
        except OSError:
            return None
        if len(answer) < 16 + 72 or struct.unpack_from("=H", answer, 4)[0] != _BY_FAMILY:
            return None
        return int(struct.unpack_from("=I", answer, 16 + 68)[0])

    @property
    def resting(self) -> bool:
        """Whether the processes are not looked through again yet, since that has just been done."""
        return time.monotonic() < self._rested

    def holder(self, inode: int) -> Owner | None:
        """The process that has a socket open; None for one that is not known while `resting`."""
        owner = self._known.get(inode)
        if owner is not None or self.resting:
            return owner
        began = time.monotonic()
        self._walk(inode)
        now = time.monotonic()
        self._rested = now + min(_LONGEST_PAUSE, _DUTY * (now - began))
        return self._known.get(inode)

    def _walk(self, wanted: int) -> None:
        """Learn who holds which sockets, the youngest processes first, until the wanted one is found."""
        if len(self._known) > _MOST:
            self._known.clear()
        try:
            processes = [int(name) for name in os.listdir(self._root) if name.isdigit()]
        except OSError:
            return
        newest = self._newest()
        # Process numbers begin again from below: those above the newest are the oldest.
        processes.sort(key=lambda pid: (pid > newest, -pid))
        for pid in map(str, processes):
            found = self._sockets(pid)
            if not found:
                continue
            owner = Owner(int(pid), self._name(pid))
            for inode in found:
                self._known[inode] = owner
            if wanted in found:
                return

    def _newest(self) -> int:
        """The number of the process that was made last (proc_loadavg(5))."""
        try:
            with open(f"{self._root}/loadavg", encoding="ascii") as file:
                return int(file.read().split()[4])
        except (OSError, IndexError, ValueError):
            return 1 << 30

    def _sockets(self, pid: str) -> set[int]:
        folder = f"{self._root}/{pid}/fd"
        found = set()
        try:
            for name in os.listdir(folder):
                try:
                    target = os.readlink(f"{folder}/{name}")
                except OSError:
                    continue
                if target.startswith("socket:["):
                    found.add(int(target[8:-1]))
        except OSError:
            return found
        return found

    def _name(self, pid: str) -> str:
        try:
            with open(f"{self._root}/{pid}/comm", "rb") as file:
                return file.read().rstrip(b"\n").decode("utf-8", "backslashreplace")
        except OSError:
            return "?"
