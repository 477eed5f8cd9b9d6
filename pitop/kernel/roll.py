"""Which processes there are, without listing /proc each time where the kernel tells of births and deaths.

Listing thousands of directories is the dearest part of a look at sleeping processes. The list is kept up by the proc
connector's forks and exits instead; one that has exited stays on it until its directory has gone, since its parent may
take its time (a zombie). Now and then, and whenever events were lost, /proc is listed all the same.
"""

from __future__ import annotations

import os

from pitop.kernel.connector import Connector, Exec, Exit
from pitop.kernel.processes import ProcessReader, hidden

__all__ = ["Roll"]

_BEFORE = 3  # turns before the kernel is asked to tell: it may let one wait for its answer, and nobody waits at a start
_CHECKED = 15  # turns from one listing to the next
_STORM = 4_000  # events in a turn from which on listing is cheaper than listening
_REST = 60  # turns without events after a storm


class Roll:
    """The pids of `reader`'s /proc, as directory names. With `told` False, or elsewhere than /proc, always listed.

    `renewed` are the numbers that were somebody else's at the call before, as far as that has been noticed.
    """

    def __init__(self, reader: ProcessReader, *, told: bool = True) -> None:
        self._reader = reader
        self._told = told and reader.root == "/proc"
        self.renewed: set[str] = set()
        self._names: set[str] = set()
        self._directories: dict[str, int] = {}  # inodes when last listed: another one, another process
        self._leaving: set[str] = set()
        self._connector: Connector | None = None
        self._lost = 0
        self._wait = _BEFORE  # turns until the kernel is asked
        self._unchecked = 0  # turns since the last listing

    def call(self) -> set[str]:
        """Who is there now. The set is the caller's to read until the next call."""
        self.renewed = set()
        if self._connector is None and self._told:
            self._listen()
        if self._connector is None:
            self._names = self._listed()
            return self._names
        events = self._connector.read()
        lost, self._lost = self._connector.lost - self._lost, self._connector.lost
        self._unchecked += 1
        if lost or self._unchecked >= _CHECKED:
            self._names = self._listed()
            self._leaving &= self._names
        names, leaving = self._names, self._leaving
        for event in events:
            if isinstance(event, Exec):
                continue
            name = str(event.pid)
            if isinstance(event, Exit):
                leaving.add(name)
            elif name in names:  # the number is somebody else's by now
                leaving.discard(name)
                self._directories.pop(name, None)
                self.renewed.add(name)
            names.add(name)
        for name in [name for name in leaving if not self._there(name)]:
            names.discard(name)
            leaving.discard(name)
        if len(events) > _STORM:
            self.close()
            self._wait = _REST
        return names

    def close(self) -> None:
        """Listen no more."""
        if self._connector is not None:
            self._connector.close()
            self._connector = None

    def _listen(self) -> None:
        self._wait -= 1
        if self._wait > 0:
            return
        if hidden(self._reader.root, self._names):  # the kernel would tell of those, too, that /proc does not show
            self._told = False
            return
        try:
            self._connector = Connector(execs=False)
        except OSError:
            self._told = False
            return
        # From here on nothing is missed: what happens while /proc is listed is told, too.
        self._lost, self._unchecked = 0, _CHECKED
        self._leaving.clear()

    def _listed(self) -> set[str]:
        self._unchecked = 0
        before, self._directories = self._directories, self._reader.directories()
        known = self._names  # of those whose birth was told the directory has not been seen: they may be others by now
        self.renewed |= {n for n, inode in self._directories.items() if n in known and before.get(n) != inode}
        return set(self._directories)

    def _there(self, name: str) -> bool:
        try:
            os.stat(f"{self._reader.root}/{name}")
        except FileNotFoundError:
            return False
        return True
