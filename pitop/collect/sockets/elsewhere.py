"""The sockets of other network namespaces, read from inside them."""

from __future__ import annotations

from functools import partial

from pitop.kernel.sockets.diag import Diag, DiagAbsent
from pitop.kernel.sockets.namespaces import inside, namespaces
from pitop.kernel.sockets.session import is_root
from pitop.kernel.sockets.table import SocketTable, Track
from pitop.model.snapshot import Missing

__all__ = ["Elsewhere", "processes"]

_MOST = 64  # namespaces that are looked into


def processes(count: int) -> str:
    """`1 process`, `5 processes`."""
    return f"{count} process{'' if count == 1 else 'es'}"


class Elsewhere:
    """A table for every other namespace.

    After `read`, `tables` holds them with their names, `left` the sockets of namespaces that are gone. Nothing keeps a
    namespace alive between two readings.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._known: dict[int, SocketTable] = {}
        self.tables: list[tuple[str, SocketTable]] = []
        self.left: list[Track] = []

    def forget(self) -> None:
        """Look no more."""
        self.tables, self.left = [], []
        for inode in list(self._known):
            self._forget(inode)

    def read(self, now: float) -> list[Missing]:
        """Read every namespace that has a name or a process; says which could not be."""
        self.tables, self.left = [], []
        places, refused = namespaces(self._root)
        missing: list[Missing] = []
        if refused:
            why = f"{processes(refused)} may not be asked for theirs"
            missing.append(Missing("some network namespaces", why, "" if is_root() else "Run pitop as root."))
        if len(places) > _MOST:
            missing.append(Missing("some network namespaces", f"there are {len(places)}, too many to look at all"))
            del places[_MOST:]
        for inode in set(self._known) - {place.inode for place in places}:
            self._forget(inode)
        for place in places:
            table = self._known.get(place.inode) or SocketTable(place.inode)
            try:
                inside(place.path, partial(self._look, table, now))
            except PermissionError:
                self._forget(place.inode)
                what = f"network namespace {place.name}"
                missing.append(Missing(what, "not permitted to enter it", "Run pitop as root."))
            except OSError:  # it went away between the listing and now
                self._forget(place.inode)
            else:
                self._known[place.inode] = table
                self.tables.append((place.name, table))
        return missing

    def _look(self, table: SocketTable, now: float) -> None:
        diag: Diag | None = None
        try:
            diag = Diag()
        except DiagAbsent:
            pass
        try:
            table.read(diag, f"{self._root}/thread-self/net", now)
        finally:
            if diag is not None:
                diag.close()

    def _forget(self, namespace: int) -> None:
        table = self._known.pop(namespace, None)
        if table is not None:
            self.left += table.tracks
