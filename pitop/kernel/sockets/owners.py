"""Which processes have a socket open: the links in /proc/PID/fd (proc_pid_fd(5)), read as seldom as possible.

The kernel tells a socket's inode, never its process; only the links of every process do. Reading them all costs more
than reading all sockets, so what was seen is kept, and read again are only

- processes that are new, and once more in the next turn, when they have become what they were started for,
- when a socket has no known owner: processes that had one which is no more, and those whose number of open files has
  changed (the size of their fd directory, since Linux 6.2); after that all, but not often,
- a few at each turn, in turn, so that what nobody announces (a file handed over a unix socket, a duplicate closed) is
  seen within seconds.

Where all are not searched, none is read that has not run since its links were read, by its CPU clock: what it has open
it changes itself, unless it shares its files with another process (CLONE_FILES, clone(2)), which is rare. The clock of
what runs on another core may lag by a tick. Within a process only links that are new, or that led to something that is
gone, are read.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Set

from pitop.kernel.processes import ProcessReader
from pitop.kernel.roll import Roll
from pitop.model.sockets import Owner

__all__ = ["OwnerWalk", "Owners"]

Owners = tuple[Owner, ...]

_TURNS = 20  # in which all processes are looked at again, though they gave no reason to
_TURNS_BY_CLOCK = 5  # the same where it is known which of them have run
_REST = 30.0  # times as long as a search of all processes took, until the next
_ROUND = 0.004  # seconds a turn that this takes at most
_FIRST_PID_NAMESPACE = 0xEFFFFFFC  # PROC_PID_INIT_INO, linux/proc_ns.h
_AGAIN = 256  # links of a process that are read again in its turn although they seemed alive


class _Process:
    """What is known of one process."""

    __slots__ = ("clock_id", "count", "doubted", "doubted_ns", "inodes", "links", "owner", "read_ns", "refused")

    def __init__(self, name: str) -> None:
        self.clock_id = ProcessReader.clock_id(int(name))
        self.read_ns: int | None = None  # its CPU clock before what seemed new among its links was last read
        self.doubted_ns: int | None = None  # the same before all of them were last read
        self.count = -1  # open files when last read
        self.links: dict[str, int] = {}  # fd → socket inode, 0 for what is not a socket
        self.inodes: frozenset[int] = frozenset()
        self.owner: Owner | None = None
        self.refused = False
        self.doubted = 0  # where among its links the next turn's doubt begins


class OwnerWalk:
    """Keeps socket inode → owners. `root` is the /proc to read.

    `refused` counts processes that may not be looked at; `reads` the links that were read, since it was made.
    `complete` tells that every process of the machine could be looked at: then a socket without an owner has none.
    """

    def __init__(self, root: str = "/proc") -> None:
        self._root = root
        self._reader = ProcessReader(root)
        self._roll = Roll(self._reader)
        self._processes: dict[str, _Process] = {}
        self._owners: dict[int, Owners] = {}
        self._holders: dict[int, set[str]] = {}
        self._turn: list[str] = []
        self._young: set[str] = set()  # new in the turn before
        self._sought: set[int] = set()  # nobody who was suspected has these; all will be searched
        self._searched: set[int] = set()  # all processes were searched for these in vain
        self._search_time = 0.0  # when all may be searched again, monotonic
        self._counts = self._counts_files()
        self._sees_all = self._sees_every_process()
        self.refused = 0
        self.reads = 0

    @property
    def complete(self) -> bool:
        """Whether nothing is hidden from the walk."""
        return self._sees_all and not self.refused

    def __getitem__(self, inode: int) -> Owners:
        """The processes that have the socket open, by pid; empty when none was found."""
        return self._owners.get(inode, ())

    def update(self, live: Set[int], unknown: Iterable[int]) -> set[int]:
        """Look for the owners of `unknown` inodes; `live` are those of all sockets there are.

        Gives the inodes whose owners changed, those just found included, and those that turned out to have none.
        """
        changed: set[int] = set()
        new = self._list(changed)
        for name in self._young:
            self._look_again(name, live, changed)
        for name in new:
            self._read(name, live, changed)
        self._young = new
        self._searched &= live
        missing = {each for each in unknown if each and each not in self._owners} - self._searched
        if missing - self._sought:
            self._search(self._suspects(live), live, changed)
            missing = {each for each in missing if each not in self._owners}
        now = time.monotonic()
        if missing and now >= self._search_time:
            self._search([name for name in self._processes if name not in new], live, changed)
            self._search_time = now + _REST * (time.monotonic() - now)
            missing = {each for each in missing if each not in self._owners}
            self._searched |= missing
            changed |= missing
            missing = set()
        self._sought = missing
        self._again(live, changed)
        return changed

    def close(self) -> None:
        """Hear of no more processes."""
        self._roll.close()

    def searched(self, inode: int) -> bool:
        """Whether every process was looked at for the owner of this socket, and none has it."""
        return inode in self._searched

    def _suspects(self, live: Set[int]) -> list[str]:
        """The processes that have opened or closed something: more or fewer files, or a socket that is no more."""
        found = {name for inode in self._holders.keys() - live for name in self._holders[inode]}
        if self._counts:
            found.update(
                name
                for name, process in self._processes.items()
                if self._ran(process, process.read_ns) and self._count(name) != process.count
            )
        return list(found)

    def _search(self, names: Iterable[str], live: Set[int], changed: set[int]) -> None:
        for name in names:
            process = self._processes.get(name)
            if process is not None and not process.refused:
                self._read(name, live, changed)

    def _list(self, changed: set[int]) -> set[str]:
        """The processes that are new; forgets those that ended."""
        known = self._processes
        seen = self._roll.call()
        for name in (known.keys() - seen) | (known.keys() & self._roll.renewed):
            self._forget(name, changed)
        new = seen - known.keys()
        for name in new:
            known[name] = _Process(name)
        return new

    def _forget(self, name: str, changed: set[int]) -> None:
        process = self._processes.pop(name)
        if process.refused:
            self.refused -= 1
        for inode in process.inodes:
            self._drop(inode, name, changed)

    def _read(self, name: str, live: Set[int], changed: set[int], again: int = 0) -> None:
        """Read the links of one process that can have changed, and `again` of those that seem not to have."""
        process = self._processes.get(name)
        if process is None:
            return
        process.read_ns = self._reader.cpu_ns(process.clock_id)  # before the links: what runs meanwhile is read again
        try:
            links = self._links(f"{self._root}/{name}/fd", process, live, again)
        except PermissionError:  # root may be allowed to list the links, and yet not to read them
            if not process.refused:
                process.refused = True
                self.refused += 1
            return
        except OSError:  # it ended
            self._forget(name, changed)
            return
        if process.refused:
            process.refused = False
            self.refused -= 1
        process.count = len(links)
        process.links = links
        inodes = frozenset(links.values()) - {0}
        if inodes == process.inodes:
            return
        if process.owner is None and inodes:
            process.owner = self._owner(name)
        gone, come = process.inodes - inodes, inodes - process.inodes
        process.inodes = inodes
        for inode in gone:
            self._drop(inode, name, changed)
        for inode in come:
            self._holders.setdefault(inode, set()).add(name)
            self._join(inode, changed)

    def _links(self, path: str, process: _Process, live: Set[int], again: int) -> dict[str, int]:
        """Where each open file of a process leads: a socket's inode, or 0."""
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            listed = os.listdir(directory)
            doubted = self._doubted(process, listed, again)
            before = process.links
            links: dict[str, int] = {}
            for each in listed:
                inode = before.get(each, 0)
                if inode and inode in live and each not in doubted:
                    links[each] = inode
                    continue
                try:
                    target = os.readlink(each, dir_fd=directory)
                except FileNotFoundError:
                    links[each] = 0
                    continue
                self.reads += 1
                links[each] = int(target[8:-1]) if target.startswith("socket:[") else 0
            return links
        finally:
            os.close(directory)

    def _ran(self, process: _Process, since: int | None) -> bool:
        """Whether a process has run `since` its CPU clock stood there; True where there is no clock."""
        return since is None or self._reader.cpu_ns(process.clock_id) != since

    def _again(self, live: Set[int], changed: set[int]) -> None:
        """Look again at a few processes that have run, in turn, links that seemed alive included."""
        limit = time.perf_counter() + _ROUND
        for _ in range(max(8, len(self._processes) // (_TURNS_BY_CLOCK if self._reader.has_clocks else _TURNS))):
            if not self._turn:
                self._turn = list(self._processes)
            if not self._turn or time.perf_counter() > limit:
                return
            name = self._turn.pop()
            process = self._processes.get(name)
            if process is not None and self._ran(process, process.doubted_ns):
                self._look_again(name, live, changed)

    def _look_again(self, name: str, live: Set[int], changed: set[int]) -> None:
        process = self._processes.get(name)
        if process is not None:
            self._read(name, live, changed, _AGAIN)
            process.doubted_ns = process.read_ns if process.count <= _AGAIN else None  # what is left is read next time
            self._rename(name, process, changed)

    @staticmethod
    def _doubted(process: _Process, listed: list[str], again: int) -> Set[str]:
        if not again:
            return frozenset()
        start = process.doubted if process.doubted < len(listed) else 0
        process.doubted = start + again
        return frozenset(listed[start : start + again])

    def _rename(self, name: str, process: _Process, changed: set[int]) -> None:
        """Take in that a process runs another program now."""
        if process.inodes and (owner := self._owner(name)) != process.owner and owner.start_ticks is not None:
            process.owner = owner
            for inode in process.inodes:
                self._join(inode, changed)

    def _drop(self, inode: int, name: str, changed: set[int]) -> None:
        holders = self._holders.get(inode)
        if holders is None:
            return
        holders.discard(name)
        self._join(inode, changed)

    def _join(self, inode: int, changed: set[int]) -> None:
        holders = self._holders[inode]
        changed.add(inode)
        if not holders:
            del self._holders[inode]
            self._owners.pop(inode, None)
            return
        found = [process.owner for name in holders if (process := self._processes.get(name)) and process.owner]
        self._owners[inode] = tuple(sorted(found, key=lambda owner: owner.pid))

    def _owner(self, name: str) -> Owner:
        try:
            with open(f"{self._root}/{name}/stat", "rb") as file:
                data = file.read(1024)
            opening, closing = data.index(b"("), data.rindex(b")")
            comm = data[opening + 1 : closing].decode(errors="backslashreplace")
            return Owner(int(name), int(data[closing + 2 :].split()[19]), comm)
        except (OSError, ValueError, IndexError):
            return Owner(int(name), None, "")

    def _count(self, name: str) -> int:
        try:
            return os.stat(f"{self._root}/{name}/fd").st_size
        except OSError:
            return -1

    def _counts_files(self) -> bool:
        """Whether the size of an fd directory is the number of open files."""
        try:
            return os.stat(f"{self._root}/self/fd").st_size > 0
        except OSError:
            return False

    def _sees_every_process(self) -> bool:
        """Whether /proc shows the whole machine: not inside a pid namespace, not mounted with hidepid."""
        if self._root != "/proc":
            return True
        try:
            first = os.stat("/proc/self/ns/pid").st_ino == _FIRST_PID_NAMESPACE
            return first and os.path.exists("/proc/1/stat")
        except OSError:
            return False
