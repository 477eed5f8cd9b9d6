"""Forks, execs and exits: what happens to processes between two looks at them."""

from __future__ import annotations

import enum

from msgspec import Struct

from pitop.model.processes import ProcessKey
from pitop.model.snapshot import Snapshot
from pitop.model.time import Ending

__all__ = ["Ended", "EventKind", "EventsSnapshot", "Final", "Origin", "ProcessEvent"]


class EventKind(enum.Enum):
    """What happened."""

    FORK = "fork"
    EXEC = "exec"
    EXIT = "exit"


class Origin(enum.Enum):
    """Where events come from, and so what can be missed."""

    KERNEL = "the kernel's process events"
    SCAN = "looks at /proc, short lives are missed"


class Final(Struct, frozen=True, gc=False):
    """The last accounts of a process, from its taskstats exit record (Documentation/accounting/taskstats-struct).

    Times and faults are summed over its threads; `max_rss_bytes` is the peak of its memory, None where it had none.
    """

    name: str
    uid: int
    user_seconds: float
    system_seconds: float
    elapsed_seconds: float
    minor_faults: int
    major_faults: int
    max_rss_bytes: int | None
    read_bytes: int
    written_bytes: int
    run_queue_seconds: float | None
    block_io_seconds: float | None

    @property
    def cpu_seconds(self) -> float:
        """User and system time."""
        return self.user_seconds + self.system_seconds


class ProcessEvent(Struct, frozen=True, gc=False):
    """One event. `time` is in unix seconds. `name` and `command` are None where the process was gone too soon to tell.

    For a fork `pid` is the child and `ppid` its parent. `ending`, `lived_seconds` and `final` belong to exits; each is
    None where it is not known.
    """

    kind: EventKind
    time: float
    pid: int
    ppid: int | None
    name: str | None
    command: str | None = None
    ending: Ending | None = None
    lived_seconds: float | None = None
    final: Final | None = None


class Ended(Struct, frozen=True, gc=False):
    """A process that has ended, kept for a few seconds for the tree. `key` is exact only where /proc showed it."""

    key: ProcessKey
    ppid: int | None
    name: str | None
    command: str | None
    ended_time: float
    ending: Ending | None
    lived_seconds: float | None
    final: Final | None

    @property
    def pid(self) -> int:
        """Its process id while it lived."""
        return self.key[0]


class EventsSnapshot(Snapshot, frozen=True, kw_only=True):
    """The newest events, newest last, and how many there were since looking began.

    `lost` counts events that the kernel could not hand over in time (gaps in its own count of them); rates are a
    second, None at first. `ended` are the processes that ended in the last few seconds, newest last.
    """

    origin: Origin
    events: tuple[ProcessEvent, ...]
    ended: tuple[Ended, ...]
    forks: int
    execs: int
    exits: int
    lost: int
    forks_per_second: float | None
    exits_per_second: float | None
