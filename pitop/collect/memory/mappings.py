"""One process's address space, live."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from pitop.collect.collector import Unavailable
from pitop.kernel.memory.smaps import Gone, read_mappings
from pitop.model.memory.mappings import AddressSpace, Space, summed
from pitop.model.processes import ProcessKey

__all__ = ["MappingsCollector"]

_SHARE = 0.02  # of one core: an address space of 60,000 mappings takes most of a second to read
_AGAIN = 5.0  # seconds between readings of the target, at least


class MappingsCollector:
    """Answers a `Space` request with the mappings of that process, every 5 s or, where they are many, more rarely.

    A process that ends is shown as it was seen last; before there is a request, nothing is. Raises Unavailable for a
    process that has ended before it was seen, and where reading is not permitted.
    """

    every: float | None = _AGAIN

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._key: ProcessKey | None = None
        self._newest: AddressSpace | None = None
        self._due = 0.0

    def ask(self, request: Struct) -> None:
        """Take in which process is wanted."""
        if isinstance(request, Space):
            if request.key != self._key:
                self._newest = None
            self._key = request.key

    def descriptors(self) -> Sequence[int]:
        """Nothing of this announces itself."""
        return ()

    def collect(self) -> AddressSpace:
        """The mappings now; the reading before, when it is too early for another."""
        key, newest = self._key, self._newest
        if key is None:
            return _nothing()
        if newest is not None and (newest.ended or time.monotonic() < self._due):
            return newest
        try:
            self._newest = self._read(key)
        except Gone:
            if newest is None:
                raise Unavailable(f"process {key[0]} has ended") from None
            self._newest = msgspec.structs.replace(newest, ended=True)
        except PermissionError:
            raise Unavailable(
                f"the mappings of process {key[0]} may not be read", "run pitop as its user, or as root"
            ) from None
        return self._newest

    def close(self) -> None:
        """Forget the last reading."""
        self._newest = None

    def _read(self, key: ProcessKey) -> AddressSpace:
        before = time.thread_time()
        identity, mappings = read_mappings(key[0], self._proc)
        if identity.key != key:
            raise Gone(f"process {key[0]} has ended")
        if not mappings and identity.vsz_bytes:
            raise Gone(f"process {key[0]} has ended")  # between its stat and its mappings
        cost = time.thread_time() - before
        self.every = max(_AGAIN, cost / _SHARE)
        self._due = time.monotonic() + self.every - 0.5
        return AddressSpace(
            time=time.time(),
            host=os.uname().nodename,
            key=key,
            name=identity.name,
            mappings=mappings,
            rollup=summed(mappings),
            minor_faults=identity.minor_faults,
            major_faults=identity.major_faults,
            cost_seconds=cost,
        )


def _nothing() -> AddressSpace:
    return AddressSpace(
        time=time.time(),
        host=os.uname().nodename,
        key=(0, 0),
        name="",
        mappings=(),
        rollup=None,
        minor_faults=0,
        major_faults=0,
        cost_seconds=0.0,
    )
