"""How a process ended, without being its parent."""

from __future__ import annotations

import fcntl
import os
import struct

from pitop.kernel.connector import Connector, Exit
from pitop.kernel.identity import HeldProcess
from pitop.model.processes import ProcessKey
from pitop.model.time import Ending

__all__ = ["EndWatch"]

# include/uapi/linux/pidfd.h: PIDFD_GET_INFO with the first 64 bytes of struct pidfd_info, exit codes since Linux 6.15.
_GET_INFO = 0xC040FF0B
_INFO_EXIT = 1 << 3
_INFO = struct.Struct("=QQ11Ii")


class EndWatch:
    """Watches one process for its end: its pidfd becomes readable then.

    The status comes from the pidfd, or on older kernels from the process events where we may hear them. Raises
    ProcessLookupError for a process that is gone or replaced; OSError on kernels without pidfd.
    """

    def __init__(self, key: ProcessKey, root: str = "/proc") -> None:
        self._held = HeldProcess(key, root)
        self._pid = key[0]
        self._connector: Connector | None = None
        self._heard: Ending | None = None
        if not _pidfd_tells_endings():
            try:
                self._connector = Connector()
            except OSError:
                pass

    def fileno(self) -> int:
        """Readable when the process has ended."""
        return self._held.pidfd

    def ended(self) -> bool:
        """Whether it has ended."""
        self._hear()
        return self._held.ended()

    def ending(self) -> Ending | None:
        """How it ended; None while it lives, or where nobody told (yet)."""
        answer = bytearray(_INFO.pack(_INFO_EXIT, *[0] * 13))
        try:
            fcntl.ioctl(self._held.pidfd, _GET_INFO, answer)
            fields = _INFO.unpack(answer)
            if fields[0] & _INFO_EXIT:
                return Ending.of(fields[13])
        except OSError:
            pass
        try:
            fields_of_stat = self._held.stat()
            if fields_of_stat[0] == b"Z" and len(fields_of_stat) > 49:
                return Ending.of(int(fields_of_stat[49]))
        except OSError:
            pass
        self._hear()
        return self._heard

    def _hear(self) -> None:
        for event in self._connector.read() if self._connector is not None else ():
            if isinstance(event, Exit) and event.pid == self._pid and self._heard is None:
                self._heard = Ending.of(event.status)

    def close(self) -> None:
        """Give everything back."""
        self._held.close()
        if self._connector is not None:
            self._connector.close()


def _pidfd_tells_endings() -> bool:
    major, minor = (int(part) for part in os.uname().release.split("-")[0].split("+")[0].split(".")[:2])
    return (major, minor) >= (6, 15)
