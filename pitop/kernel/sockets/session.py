"""What this process knows of the session that it runs in: its parents, and the SSH connection that carries it."""

from __future__ import annotations

import os

__all__ = ["ancestors", "is_root", "own_pid", "ssh_connection"]


def own_pid() -> int:
    """This process."""
    return os.getpid()


def is_root() -> bool:
    """Whether asking for more rights is of no use."""
    return os.geteuid() == 0


def ssh_connection() -> str | None:
    """SSH_CONNECTION of the environment (ssh(1)): client address, client port, server address, server port."""
    return os.environ.get("SSH_CONNECTION")


def ancestors(root: str = "/proc") -> tuple[int, ...]:
    """This process's parents, nearest first, without pid 1."""
    found: list[int] = []
    pid = os.getpid()
    while len(found) < 64:
        try:
            with open(f"{root}/{pid}/stat", "rb") as file:
                data = file.read(1024)
            pid = int(data[data.rindex(b")") + 2 :].split()[1])
        except (OSError, ValueError, IndexError):
            break
        if pid <= 1 or pid in found:
            break
        found.append(pid)
    return tuple(found)
