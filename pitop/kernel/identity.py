"""A process held by a pidfd, sure to be the one that was meant."""

from __future__ import annotations

import os
import select
from types import TracebackType
from typing import Self

from pitop.model.processes import ProcessKey

__all__ = ["HeldProcess", "key_of", "stat_fields"]


def stat_fields(data: bytes) -> list[bytes]:
    """What follows the name in /proc/PID/stat: `state` is field 0, the start time field 19 (proc_pid_stat(5)).

    The name may hold anything, `)` and newlines too. Raises ValueError when the line is not whole.
    """
    closing = data.rfind(b")")
    fields = data[closing + 1 :].split()
    if closing < 0 or len(fields) < 20:
        raise ValueError("stat is not whole")
    return fields


def key_of(pid: int, root: str = "/proc") -> ProcessKey:
    """The identity of the process that has this pid now. Raises ProcessLookupError where there is none."""
    try:
        with open(f"{root}/{pid}/stat", "rb") as file:
            return (pid, int(stat_fields(file.read())[19]))
    except (FileNotFoundError, ValueError):
        raise ProcessLookupError(f"there is no process {pid}") from None


class HeldProcess:
    """A process that cannot be confused with a later one of the same pid.

    The pidfd is opened first and the start time read after: a pid that was reused before the open has another start
    time, and one that is reused later no longer belongs to the pidfd. Raises ProcessLookupError for a process that
    is gone or replaced, PermissionError where /proc hides it.
    """

    def __init__(self, key: ProcessKey, root: str = "/proc") -> None:
        self.key = key
        self.pid = key[0]
        self.pidfd = os.pidfd_open(self.pid)
        self._folder = -1
        try:
            self._folder = os.open(f"{root}/{self.pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            if int(self.stat()[19]) != key[1]:
                raise ProcessLookupError(f"pid {self.pid} is another process by now")
        except FileNotFoundError:
            self.close()
            raise ProcessLookupError(f"pid {self.pid} has ended") from None
        except BaseException:
            self.close()
            raise

    def stat(self) -> list[bytes]:
        """The fields of its `stat` after the name. Raises ProcessLookupError once it is reaped."""
        try:
            return stat_fields(self.read("stat"))
        except ValueError:
            raise ProcessLookupError(f"pid {self.pid} has ended") from None

    def state(self) -> str:
        """The letter of its state."""
        return self.stat()[0].decode("ascii", "replace")

    def read(self, name: str, limit: int = 65536) -> bytes:
        """A file of its /proc directory; never another process's (the directory is held open)."""
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._folder)
        try:
            return os.read(descriptor, limit)
        finally:
            os.close(descriptor)

    def write(self, name: str, data: bytes) -> None:
        """Write a file of its /proc directory; raises what the kernel answers."""
        descriptor = os.open(name, os.O_WRONLY | os.O_CLOEXEC, dir_fd=self._folder)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)

    def threads(self) -> list[int]:
        """The ids of its threads now, the leader first."""
        folder = os.open("task", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._folder)
        try:
            return sorted(int(name) for name in os.listdir(folder))
        finally:
            os.close(folder)

    def ended(self, seconds: float = 0.0) -> bool:
        """Whether it has ended (a zombie too) within `seconds`."""
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def close(self) -> None:
        """Give back the descriptors."""
        for descriptor in (self.pidfd, self._folder):
            if descriptor >= 0:
                os.close(descriptor)
        self.pidfd = self._folder = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
