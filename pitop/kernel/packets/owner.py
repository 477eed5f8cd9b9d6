"""Whose a flow's end is: one targeted question to the kernel, then who holds that socket.

sock_diag(7) answers for one pair of addresses and ports in some 13 µs with the socket's inode and cookie; the process
that has it open is found under /proc/PID/fd, the youngest processes first, since those that live shortest are the
youngest. What ends before it is asked for stays unknown: never is one answer taken for another.

- The kernel looks a socket up as it would for a packet. For UDP it takes the ends of a question the other way round
  than for TCP (net/ipv4/udp_diag.c); which way this one does is found out once, with a socket of one's own. Asked the
  wrong way it would name the server's socket for a client that is gone.
- A listener or an unconnected socket matches addresses that are not this machine's, so an answer counts only for an
  address that is, and only with the ports that were asked for.
- A socket that several processes share belongs to the oldest in line: the process that was found, or its parent where
  that has it open under the same number, and so on upwards. A child that has just been forked holds all its parent's.
- What was once seen of a process is believed only after its link was read again: pids and descriptors are reused.
  The kernel counts inodes of sockets up, so within a tenth of a second none comes again.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from pitop.kernel.network.rtnetlink import RTM_GETADDR, RouteSocket, attributes
from pitop.model.packets.row import Owner

__all__ = ["LISTEN", "LocalAddresses", "SocketOwners", "SocketSeen"]

LISTEN = 10
_SOCK_DIAG = 4
_BY_FAMILY = 20
_REQUEST = 1
_NO_COOKIE = b"\xff" * 8
_ALL_STATES = 0xFFFFFFFF
_TCP, _UDP = 6, 17
_DUTY = 3  # times as long as a walk of every process took, no other is begun
_LONGEST_PAUSE = 0.1
_MOST = 50_000
_SURE = 0.1  # seconds that what was seen of a process holds without another look
_GONE = 0.5  # seconds for which the number of a process that has ended is surely nobody else's
_MOST_MET = 1_000
_QUICK = 0.002  # seconds that looking at the likely ones may take without a pause after it
_RECENT = 16  # processes that were found lately: they are likely to open more
_YOUNG = 64  # process numbers below the newest that are tried without listing all processes
_FOREBEARS = 16
_NO_SIGNAL = b"-1"
_ADDRESSES_EVERY = 2.0  # seconds
_IDENTITY = struct.Struct("!xxxx2s2s16s16s")
Fd = tuple[int, str]


class SocketSeen(NamedTuple):
    """A socket that the kernel named: its inode (0: no process has it any more), cookie and state."""

    inode: int
    cookie: int
    state: int


class LocalAddresses:
    """The addresses of this machine, packed; read again now and then, and at once for one that is not known."""

    def __init__(self) -> None:
        self._known: frozenset[bytes] = frozenset()
        self._read = -_ADDRESSES_EVERY

    def __contains__(self, address: bytes) -> bool:
        if len(address) == 4 and address[0] == 127:
            return True
        if time.monotonic() - self._read > _ADDRESSES_EVERY:
            self._read = time.monotonic()
            self._known = self._listed()
        return address in self._known

    @staticmethod
    def _listed() -> frozenset[bytes]:
        found = set()
        try:
            with RouteSocket() as route:
                for message in route.dump(RTM_GETADDR, bytes(8)):
                    said = attributes(message.body, 8)
                    address = said.get(2) or said.get(1)  # IFA_LOCAL, IFA_ADDRESS
                    if address:
                        found.add(bytes(address))
        except OSError:
            pass
        return frozenset(found)


class SocketOwners:
    """Finds owners; `root` is where /proc is. A socket that cannot be opened makes every answer None.

    Answers are for the network namespace that it was made in. `walks` counts searches of all processes.
    """

    def __init__(self, root: str = "/proc") -> None:
        self._root = root
        self._places: dict[int, Fd] = {}  # inode → the process and its descriptor that had it when last seen
        self._sure: dict[int, tuple[Owner, float]] = {}  # inode → who had it when it was looked at last
        self._met: OrderedDict[int, tuple[Owner | None, float]] = OrderedDict()
        self._recent: OrderedDict[int, None] = OrderedDict()
        self._rested = self._quick_rested = 0.0
        self.walks = 0
        self.here = LocalAddresses()
        try:
            self._socket: socket.socket | None = socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG
            )
            self._socket.settimeout(0.2)
        except OSError:
            self._socket = None
        self._turned = self._takes_udp_turned()
        try:
            self._namespace = os.readlink(f"{root}/thread-self/ns/net")
        except OSError:
            self._namespace = ""

    def close(self) -> None:
        """Close the netlink socket."""
        if self._socket is not None:
            self._socket.close()

    def find(self, protocol: int, local: bytes, local_port: int, remote: bytes, remote_port: int) -> Owner | None:
        """The process with the socket of this flow on this machine; None when it is not known.

        `protocol` is 6 or 17, addresses are packed.
        """
        seen = self.socket(protocol, local, local_port, remote, remote_port)
        if seen is None or not seen.inode:
            return None
        return self.holders((seen.inode,)).get(seen.inode)

    # --- sockets

    def socket(
        self, protocol: int, local: bytes, local_port: int, remote: bytes, remote_port: int, interface: int = 0
    ) -> SocketSeen | None:
        """The socket of an end: the connection's own, else an unconnected or listening one that takes its packets.

        None when there is none, or when the address is not this machine's. `interface` is the number of the one that
        the packet went through, for sockets that are bound to it.
        """
        if local not in self.here:
            return None
        ends = ((local, local_port), (remote, remote_port))
        seen = self._asked(protocol, *ends, 0)
        return seen if seen is not None or not interface else self._asked(protocol, *ends, interface)

    def _asked(
        self, protocol: int, local: tuple[bytes, int], remote: tuple[bytes, int], interface: int
    ) -> SocketSeen | None:
        one, other = (remote, local) if protocol == _UDP and self._turned else (local, remote)
        answer = self._answer(protocol, one, other, interface)
        if answer is None:
            return None
        source, target, _, _ = _IDENTITY.unpack_from(answer, 16)
        own, theirs = int.from_bytes(source, "big"), int.from_bytes(target, "big")
        if own != local[1] or theirs not in (remote[1], 0):
            return None
        (cookie,) = struct.unpack_from("=Q", answer, 16 + 44)
        (inode,) = struct.unpack_from("=I", answer, 16 + 68)
        return SocketSeen(inode, cookie, answer[17])

    def _answer(self, protocol: int, one: tuple[bytes, int], other: tuple[bytes, int], interface: int) -> bytes | None:
        if self._socket is None:
            return None
        family = socket.AF_INET if len(one[0]) == 4 else socket.AF_INET6
        ends = struct.pack("!HH", one[1], other[1]) + one[0].ljust(16, b"\0") + other[0].ljust(16, b"\0")
        body = struct.pack("=BBBBI", family, protocol, 0, 0, _ALL_STATES) + ends
        body += struct.pack("=I", interface) + _NO_COOKIE
        try:
            self._socket.send(struct.pack("=IHHII", 16 + len(body), _BY_FAMILY, _REQUEST, 1, 0) + body)
            answer = self._socket.recv(8192)
        except OSError:
            return None
        if len(answer) < 16 + 72 or struct.unpack_from("=H", answer, 4)[0] != _BY_FAMILY:
            return None
        return answer

    def _takes_udp_turned(self) -> bool:
        """Whether this kernel takes the ends of a question about UDP the other way round: all that are known do."""
        nobody = (b"\x7f\0\0\1", 9)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
                own.bind(("127.0.0.1", 0))
                mine = (nobody[0], own.getsockname()[1])
                for turned in (True, False):
                    one, other = (nobody, mine) if turned else (mine, nobody)
                    answer = self._answer(_UDP, one, other, 0)
                    if answer is not None and answer[20:22] == struct.pack("!H", mine[1]):
                        return turned
        except OSError:
            pass
        return True

    # --- processes

    @property
    def resting(self) -> bool:
        """Whether the processes are not looked through again yet, since that has just been done."""
        return time.monotonic() < self._rested

    def holders(self, inodes: Iterable[int]) -> dict[int, Owner]:
        """The processes that have these sockets open. Those that are not found while `resting` may be found later."""
        wanted = {inode for inode in inodes if inode}
        found = self.likely(wanted)
        return found | self.thorough(wanted - found.keys())

    def likely(self, inodes: Iterable[int]) -> dict[int, Owner]:
        """Those of the holders that were found lately, or are young: these are looked at in no time."""
        wanted = set(inodes)
        found: dict[int, Owner] = {}
        now = time.monotonic()
        for inode in tuple(wanted):
            sure = self._sure.get(inode)
            place = self._places.get(inode)
            if sure is not None and now - sure[1] < _SURE:
                found[inode] = sure[0]
                wanted.discard(inode)
            elif place is not None and self._leads(place, inode):
                self._take(inode, place, wanted, found)
        if wanted and now >= self._quick_rested:
            self._look_through([*reversed(self._recent), *self._youngest()], wanted, found)
            if (took := time.monotonic() - now) > _QUICK:
                self._quick_rested = now + 2 * took
        return found

    def thorough(self, inodes: Iterable[int]) -> dict[int, Owner]:
        """The holders among all processes; none while `resting`."""
        wanted = set(inodes)
        found: dict[int, Owner] = {}
        if wanted and not self.resting:
            began = time.monotonic()
            self.walks += 1
            self._look_through(self._all(), wanted, found)
            now = time.monotonic()
            self._rested = now + min(_LONGEST_PAUSE, _DUTY * (now - began))
        return found

    def _look_through(self, pids: Iterable[int], wanted: set[int], found: dict[int, Owner]) -> None:
        """See which of the wanted sockets these processes have open, until all are found."""
        for pid in pids:
            if not wanted:
                return
            held = self._sockets(pid)
            if held is None:
                self._recent.pop(pid, None)
                continue
            for inode in wanted.intersection(held):
                self._take(inode, (pid, held[inode]), wanted, found)

    def _take(self, inode: int, place: Fd, wanted: set[int], found: dict[int, Owner]) -> None:
        """A process has a wanted socket: note the oldest in line that has it under the same number."""
        owner: Owner | None = None
        for _ in range(_FOREBEARS):
            try:
                owner, parent = self._status(place[0])
            except (OSError, ValueError, IndexError):
                break
            place = (parent, place[1])
            if parent <= 1 or not self._leads(place, inode):
                break
        if owner is None:
            return
        found[inode] = owner
        wanted.discard(inode)
        if len(self._sure) > _MOST:
            self._sure.clear()
        self._sure[inode] = (owner, time.monotonic())
        self._recent[owner.pid] = None
        self._recent.move_to_end(owner.pid)
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)

    def _leads(self, place: Fd, inode: int) -> bool:
        try:
            return os.readlink(f"{self._root}/{place[0]}/fd/{place[1]}") == f"socket:[{inode}]"
        except OSError:
            return False

    def _youngest(self) -> Iterable[int]:
        """The numbers below the newest process's; some belong to nobody, some to threads."""
        newest = self._newest()
        return range(newest, max(0, newest - _YOUNG), -1) if newest else ()

    def _all(self) -> list[int]:
        """Every process, the youngest first."""
        try:
            processes = [int(name) for name in os.listdir(self._root) if name.isdigit()]
        except OSError:
            return []
        newest = self._newest() or 1 << 30
        # Process numbers begin again from below: those above the newest are the oldest.
        processes.sort(key=lambda pid: (pid > newest, -pid))
        return processes

    def _newest(self) -> int:
        """The number of the process that was made last (proc_loadavg(5)); 0 when it is not told."""
        try:
            with open(f"{self._root}/loadavg", "rb") as file:
                return int(file.read().split()[4])
        except (OSError, IndexError, ValueError):
            return 0

    def _sockets(self, pid: int) -> dict[int, str] | None:
        """The sockets that a process has open, inode → descriptor, remembered as the places to look at first; None when
        it may not be looked at, or is gone."""
        folder = f"{self._root}/{pid}/fd"
        try:
            names = os.listdir(folder)
        except OSError:
            return None
        found: dict[int, str] = {}
        for name in names:
            try:
                target = os.readlink(f"{folder}/{name}")
            except OSError:
                continue
            if target.startswith("socket:["):
                found[int(target[8:-1])] = name
        if len(self._places) > _MOST:
            self._places.clear()
        for inode, name in found.items():
            self._places[inode] = (pid, name)
        return found

    def process(self, pid: int) -> Owner | None:
        """A process of this network namespace, by its number, as it is or as it was a moment ago; None for one that is
        elsewhere, or gone without having been seen."""
        now = time.monotonic()
        try:
            inside = os.readlink(f"{self._root}/{pid}/ns/net") == self._namespace
            owner = self._identity(pid) if inside else None
        except (OSError, ValueError, IndexError):
            before = self._met.get(pid)
            return before[0] if before is not None and now - before[1] < _GONE else None
        self._met[pid] = (owner, now)
        self._met.move_to_end(pid)
        if len(self._met) > _MOST_MET:
            self._met.popitem(last=False)
        return owner

    def _identity(self, pid: int) -> Owner:
        return self._status(pid)[0]

    def _status(self, pid: int) -> tuple[Owner, int]:
        """A process's (for a thread its process's) identity and its parent (proc_pid_stat(5)). Raises OSError when it
        is gone, ValueError for what cannot be read."""
        with open(f"{self._root}/{pid}/stat", "rb", buffering=0) as file:
            data = file.read(1024)
        opening, closing = data.index(b"("), data.rindex(b")")
        fields = data[closing + 2 :].split(None, 37)
        if fields[35] == _NO_SIGNAL:  # a thread, which tells nobody when it ends
            return self._status(self._group(pid))
        name = data[opening + 1 : closing].decode("utf-8", "backslashreplace")
        return Owner(pid, name, int(fields[19])), int(fields[1])

    def _group(self, thread: int) -> int:
        """The process that a thread is of."""
        with open(f"{self._root}/{thread}/status", "rb") as file:
            for line in file:
                if line.startswith(b"Tgid:"):
                    group = int(line.split()[1])
                    if group != thread:
                        return group
        raise ValueError(f"{thread} is neither a process nor a thread of one")
