"""One process's address space: what can be asked for, and what comes."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pitop.model.memory.growth import Change, changes, gone
from pitop.model.memory.holdings import Rollup
from pitop.model.memory.layout import Gap, Stretch, folded, stretches
from pitop.model.memory.mappings import Mapping, summed
from pitop.model.processes import ProcessKey, Stat
from pitop.model.snapshot import Snapshot

__all__ = ["AddressSpace", "Space", "address_space"]

_PLACES = 200  # that a drawing is made from, at the most


class Space(Struct, frozen=True):
    """A request: show the address space of this process, None for none.

    Without `start_ticks` it is whoever has the pid now. Another `mark` has changes counted from now on.
    """

    pid: int | None
    start_ticks: int | None = None
    mark: int = 0


class AddressSpace(Snapshot, frozen=True, kw_only=True):
    """A process's mappings by address, their sums, and how they changed since somebody began to look.

    `size_bytes` is what was asked for, VSZ as ps counts it. `places` are the mappings for a drawing, neighbours joined
    and gaps between them. `changes` are by address, `gone` is how many mappings are no more, `grown_bytes` and
    `grown_rss_bytes` what all together grew by. `minor_faults` and `major_faults` are the process's own since it
    started. `cost_seconds` is the processor time of the reading. `ended` tells that the process is gone: all this is
    what was seen last.
    """

    key: ProcessKey
    name: str
    size_bytes: int
    mappings: tuple[Mapping, ...]
    rollup: Rollup | None
    places: tuple[Stretch | Gap, ...]
    minor_faults: int
    major_faults: int
    cost_seconds: float
    changes: tuple[Change, ...] = ()
    gone: int = 0
    grown_bytes: int = 0
    grown_rss_bytes: int | None = None
    ended: bool = False


def address_space(
    stat: Stat,
    mappings: tuple[Mapping, ...],
    first: AddressSpace | None,
    *,
    time: float,
    host: str,
    cost_seconds: float,
) -> AddressSpace:
    """What a reading makes together with the one that changes are counted from (None: this is it)."""
    rollup = summed(mappings)
    size = _asked(mappings)
    held = None
    if first is not None and rollup is not None and first.rollup is not None:
        held = rollup.rss_bytes - first.rollup.rss_bytes
    return AddressSpace(
        time=time,
        host=host,
        key=stat.key,
        name=stat.comm,
        size_bytes=size,
        mappings=mappings,
        rollup=rollup,
        places=folded(stretches(mappings), _PLACES),
        minor_faults=stat.minor_faults,
        major_faults=stat.major_faults,
        cost_seconds=cost_seconds,
        changes=() if first is None else changes(first.mappings, mappings),
        gone=0 if first is None else len(gone(first.mappings, mappings)),
        grown_bytes=0 if first is None else size - first.size_bytes,
        grown_rss_bytes=held,
    )


def _asked(mappings: Sequence[Mapping]) -> int:
    """The sizes together, but for what the kernel maps beyond user space: ps leaves it out."""
    return sum(each.size_bytes for each in mappings if each.path != "[vsyscall]")
