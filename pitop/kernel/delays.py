"""How long processes wait, from schedstat and, where it is kept, the block I/O delay in stat."""

from __future__ import annotations

import os

from pitop.kernel.identity import stat_fields
from pitop.kernel.system import read_bytes, ticks_per_second
from pitop.model.delays import DelaySample

__all__ = ["DelayReader"]


class DelayReader:
    """Reads processes under `root`. `kept` says whether the kernel keeps schedstat at all, `accounted` whether storage
    waits are accounted (sysctl kernel.task_delayacct)."""

    def __init__(self, root: str = "/proc") -> None:
        self._root = root
        self._ticks = ticks_per_second()
        try:
            self.kept = read_bytes(f"{root}/self/schedstat", 100).split()[:3] != [b"0", b"0", b"0"]
        except OSError:
            self.kept = False
        try:
            self.accounted = read_bytes(f"{root}/sys/kernel/task_delayacct", 10).strip() == b"1"
        except OSError:
            self.accounted = False

    def pids(self) -> list[str]:
        """The pids there are, as directory names."""
        return list(filter(str.isdigit, os.listdir(self._root)))

    def read(self, pid: str) -> DelaySample | None:
        """One process, all of its threads; None when it is gone or hidden."""
        folder = f"{self._root}/{pid}"
        on_cpu = waiting = 0
        try:
            threads = os.listdir(f"{folder}/task")
        except OSError:
            return None
        for thread in threads:
            try:
                fields = read_bytes(f"{folder}/task/{thread}/schedstat", 100).split()
                on_cpu += int(fields[0])
                waiting += int(fields[1])
            except (OSError, IndexError):
                continue
        blocked = None
        if self.accounted:
            try:
                fields = stat_fields(read_bytes(f"{folder}/stat", 4096))
                blocked = int(fields[39]) / self._ticks
            except (OSError, ValueError, IndexError):
                return None
        return DelaySample(on_cpu, waiting, blocked)
