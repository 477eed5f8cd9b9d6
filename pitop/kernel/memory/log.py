"""The kernel's log, for the processes that it killed for want of memory (Documentation/ABI/testing/dev-kmsg)."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from pitop.model.memory.kills import OomKill, oom_kill

__all__ = ["KernelLog"]

_MOST = 4096  # records read at a time, so that a flooded log does not hold up the sample
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")


class KernelLog:
    """Follows `/dev/kmsg` from its oldest record. Raises PermissionError, or another OSError where there is none."""

    def __init__(self, path: Path = Path("/dev/kmsg")) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)

    def kills(self, boot_time: float) -> tuple[OomKill, ...]:
        """The killings since the last call. Records count from `boot_time` (unix seconds)."""
        found = []
        for _ in range(_MOST):
            try:
                data = os.read(self._file, 8192)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno == errno.EPIPE:  # records were overwritten before they were read: go on with the oldest
                    continue
                break
            if not data:
                break
            for line in data.decode(errors="backslashreplace").split("\n"):
                kill = _record(line, boot_time)
                if kill is not None:
                    found.append(kill)
        return tuple(found)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)


def _record(line: str, boot_time: float) -> OomKill | None:
    """A line `priority,sequence,microseconds,flags;message`. Lines that programs wrote (facility not 0) say nothing."""
    head, semicolon, message = line.partition(";")
    fields = head.split(",")
    if not semicolon or len(fields) < 3 or not fields[0].isdigit() or not fields[2].isdigit():
        return None
    if int(fields[0]) >> 3 != 0 or "Killed process" not in message:
        return None
    message = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), message)
    return oom_kill(message, boot_time + int(fields[2]) / 1e6)
