"""One process's address space, live."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, structs

from pitop.collect.collector import Unavailable
from pitop.kernel.memory.smaps import Gone, read_mappings
from pitop.kernel.system import host
from pitop.model.memory.space import AddressSpace, Space, address_space

__all__ = ["MappingsCollector"]

_SHARE = 0.02  # of one core: an address space of 60,000 mappings takes most of a second to read
_AGAIN = 5.0  # seconds between readings of the target, at least
_NEARLY = 0.2  # seconds that a turn which comes too early waits


class MappingsCollector:
    """Answers a `Space` request with the mappings of that process, every 5 s or, where they are many, more rarely.

    A process that ends is shown as it was seen last; before there is a request, nothing is. Raises Unavailable for a
    process that has ended before it was seen, and where reading is not permitted.
    """

    every: float | None = _AGAIN

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._space = Space(None)
        self._newest: AddressSpace | None = None
        self._first: AddressSpace | None = None  # that changes are counted from
        self._due = 0.0

    def ask(self, request: Struct) -> None:
        """Take in which process is wanted."""
        if isinstance(request, Space):
            if (request.pid, request.start_ticks) != (self._space.pid, self._space.start_ticks):
                self._newest = self._first = None
            elif request.mark != self._space.mark and self._newest is not None:
                self._first = self._newest
                self._newest = structs.replace(self._newest, changes=(), gone=0, grown_bytes=0, grown_rss_bytes=None)
            self._space = request

    def descriptors(self) -> Sequence[int]:
        """Nothing of this announces itself."""
        return ()

    def collect(self) -> AddressSpace:
        """The mappings now; the reading before, when it is too early for another."""
        pid, newest = self._space.pid, self._newest
        if pid is None:
            return _nothing()
        if newest is not None:
            remaining = self._due - time.monotonic()
            if newest.ended or remaining > _NEARLY:
                return newest
            time.sleep(max(0.0, remaining))
        try:
            self._newest = self._read(pid, newest.key[1] if newest is not None else self._space.start_ticks)
        except Gone as gone:
            if newest is None:
                raise Unavailable(str(gone)) from None
            self._newest = structs.replace(newest, ended=True)
        except PermissionError:
            raise Unavailable(
                f"the mappings of process {pid} may not be read", "run pitop as its user, or as root"
            ) from None
        return self._newest

    def close(self) -> None:
        """Forget the readings."""
        self._newest = self._first = None

    def _read(self, pid: int, start_ticks: int | None) -> AddressSpace:
        began, before = time.monotonic(), time.thread_time()
        stat, mappings = read_mappings(pid, self._proc)
        if start_ticks is not None and stat.start_ticks != start_ticks:
            raise Gone(f"process {pid} has ended")
        if not mappings and stat.vsz_bytes:  # it ended between its stat and its mappings
            raise Gone(f"process {pid} has ended")
        space = address_space(
            stat, mappings, self._first, time=time.time(), host=host(), cost_seconds=time.thread_time() - before
        )
        if self._first is None:
            self._first = space
        self.every = max(_AGAIN, (time.thread_time() - before) / _SHARE)
        self._due = began + self.every
        return space


def _nothing() -> AddressSpace:
    return AddressSpace(
        time=time.time(),
        host=host(),
        key=(0, 0),
        name="",
        size_bytes=0,
        mappings=(),
        rollup=None,
        places=(),
        minor_faults=0,
        major_faults=0,
        cost_seconds=0.0,
    )
