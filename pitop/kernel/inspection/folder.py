"""A process's /proc directory, held open: what is read through it is never another process's."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

from pitop.kernel.identity import stat_fields
from pitop.model.processes import ProcessKey

__all__ = ["ProcessFolder", "Refused"]


class Refused(Exception):
    """The kernel does not let us read this; a stronger right would."""


class ProcessFolder:
    """The directory of one process under `root`. Raises ProcessLookupError for one that is gone or replaced.

    Every reading method raises ProcessLookupError once the process is gone and Refused where we may not look; a file
    that this kernel does not have is None or empty.
    """

    def __init__(self, key: ProcessKey, root: str = "/proc") -> None:
        self.key = key
        self.root = root
        try:
            self.descriptor = os.open(f"{root}/{key[0]}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise ProcessLookupError(f"pid {key[0]} has ended") from None
        try:
            if int(self.stat()[19]) != key[1]:
                raise ProcessLookupError(f"pid {key[0]} is another process by now")
        except BaseException:
            self.close()
            raise

    def stat(self) -> list[bytes]:
        """The fields of `stat` after the name (proc_pid_stat(5)): state first."""
        data = self.read("stat")
        try:
            return stat_fields(data or b"")
        except ValueError:
            raise ProcessLookupError(f"pid {self.key[0]} has ended") from None

    def name(self) -> str:
        """The name in `stat`."""
        data = self.read("stat") or b""
        return data[data.find(b"(") + 1 : data.rfind(b")")].decode("utf-8", "backslashreplace")

    def read(self, path: str, limit: int = 1 << 20) -> bytes | None:
        """A whole file; None where this kernel has none of that name."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.descriptor)
        except (FileNotFoundError, ProcessLookupError):  # ESRCH also where a kernel thread or zombie has no memory
            self._alive()
            return None
        except PermissionError:
            raise Refused(path) from None
        try:
            parts = []
            while limit > 0 and (part := os.read(descriptor, min(limit, 1 << 16))):
                parts.append(part)
                limit -= len(part)
            return b"".join(parts)
        except PermissionError:
            raise Refused(path) from None
        except ProcessLookupError:
            self._alive()
            return None
        except OSError:
            return None  # EINVAL and its like: not for this kind of process
        finally:
            os.close(descriptor)

    def link(self, path: str) -> str | None:
        """Where a link points; None where there is none (kernel threads have no executable)."""
        try:
            target = os.readlink(os.fsencode(path), dir_fd=self.descriptor)
        except (FileNotFoundError, ProcessLookupError):  # ESRCH also where a kernel thread or zombie has no memory
            self._alive()
            return None
        except PermissionError:
            raise Refused(path) from None
        return target.decode("utf-8", "backslashreplace")

    def names(self, path: str) -> list[str]:
        """The names in a directory."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.descriptor)
        except (FileNotFoundError, ProcessLookupError):  # ESRCH also where a kernel thread or zombie has no memory
            self._alive()
            return []
        except PermissionError:
            raise Refused(path) from None
        try:
            return os.listdir(descriptor)
        except PermissionError:
            raise Refused(path) from None
        finally:
            os.close(descriptor)

    def mode(self, path: str) -> int | None:
        """The type and permissions of what a link points at, stat(2); None where it cannot be asked."""
        try:
            return os.stat(path, dir_fd=self.descriptor).st_mode
        except OSError:
            return None

    def same_file(self, link: str, path: str) -> bool | None:
        """Whether `link` points at the file that is at `path` now; None where one of the two cannot be asked."""
        try:
            ours = os.stat(link, dir_fd=self.descriptor)
            theirs = os.stat(path)
        except OSError:
            return None
        return (ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino)

    def _alive(self) -> None:
        """A file that is missing because the process is gone is told apart from one that never was."""
        try:
            os.close(os.open("stat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.descriptor))
        except (FileNotFoundError, ProcessLookupError):
            raise ProcessLookupError(f"pid {self.key[0]} has ended") from None

    def close(self) -> None:
        """Give the descriptor back."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
