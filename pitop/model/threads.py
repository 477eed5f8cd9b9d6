"""The threads of many processes, as rows of the process table."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.processes import Process
from pitop.model.snapshot import Snapshot

__all__ = ["Threads", "ThreadsSnapshot"]


class Threads(Struct, frozen=True):
    """The request: whose threads. A process with one thread has none worth a row."""

    processes: tuple[Process, ...]


class ThreadsSnapshot(Snapshot, frozen=True, kw_only=True):
    """The threads besides each process's first, by process and thread number.

    A row's `pid` is the thread's number, its `ppid` the process's; what threads share (memory) is the process's.
    """

    rows: tuple[Process, ...]
