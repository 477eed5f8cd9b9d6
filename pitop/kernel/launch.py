"""Starting a command so that the kernel accounts to it only what is its own.

The kernel keeps a process's largest resident set across exec, so a child forked by Python would never show less than
Python's own size. The command is therefore forked by a small shell: its child waits at a gate, the shell is ended,
and this process, as the subreaper (PR_SET_CHILD_SUBREAPER, prctl(2)), becomes the command's parent and gets its
rusage from wait4(2).
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import resource
import signal
import stat
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pitop.kernel.identity import stat_fields

__all__ = ["Launched", "children_of", "launch", "refusal_to_run", "tree_of"]

_SUBREAPER = 36
# dash adds nothing to the environment; bash, which is sh elsewhere, counts SHLVL up.
_SHELL = "/bin/dash" if os.path.exists("/bin/dash") else "/bin/sh"
_PATIENCE = 5.0  # seconds that the shell gets to fork
_RESET = (signal.SIGPIPE, signal.SIGXFSZ)  # Python ignores them, which exec would hand on


class Launched(NamedTuple):
    """A command at its gate. Writing to `gate` lets it go; -1 where it runs already.

    `floor_bytes` is what its largest resident set cannot fall below in the kernel's accounts.
    """

    pid: int
    gate: int
    floor_bytes: int

    def go(self) -> None:
        """Let it begin."""
        if self.gate >= 0:
            os.write(self.gate, b"\n")
            os.close(self.gate)


def refusal_to_run(command: str, path: str) -> OSError | None:
    """Why execvp(3) would not run `command` with this PATH, or None."""
    if not command:
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    places = [command] if "/" in command else [os.path.join(each or ".", command) for each in path.split(":")]
    found = errno.ENOENT
    for place in places:
        try:
            mode = os.stat(place).st_mode
        except OSError as error:
            if error.errno == errno.EACCES:
                found = errno.EACCES
            elif "/" in command and error.errno is not None:
                found = error.errno
            continue
        if stat.S_ISREG(mode) and os.access(place, os.X_OK):
            return None
        found = errno.EACCES
    return OSError(found, os.strerror(found))


def launch(
    command: Sequence[str], environment: Mapping[str, str], mask: Iterable[int], refused: int | None = None
) -> Launched:
    """Start `command` at a gate, with signal mask `mask`.

    With `refused` nothing is run: what starts exits with that status, as the child of a shell whose exec failed.
    Falls back to starting it directly where the shell cannot carry the environment. Raises OSError.
    """
    blocked = tuple(mask)
    carried = all(name.isidentifier() and name.isascii() for name in environment) and not command[0].startswith("-")
    if carried or refused is not None:
        launched = _by_shell(command, environment, blocked, refused)
        if launched is not None:
            return launched
    pid = os.posix_spawnp(command[0], list(command), dict(environment), setsigmask=blocked, setsigdef=_RESET)
    return Launched(pid, -1, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def _by_shell(
    command: Sequence[str], environment: Mapping[str, str], blocked: Sequence[int], refused: int | None
) -> Launched | None:
    if ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0) != 0:
        return None
    reading, writing = os.pipe()
    try:
        gate = _free_digit(reading)
        if gate is None:
            return None
        first = "" if "PWD" in environment else "unset PWD; "
        last = f'exec "$@" {gate}<&-' if refused is None else f"exit {refused}"
        script = f"({first}read x <&{gate}; {last}); :"
        shell = os.posix_spawn(
            _SHELL,
            ["sh", "-c", script, "sh", *command],
            dict(environment),
            file_actions=[(os.POSIX_SPAWN_DUP2, reading, gate)],
            setsigmask=blocked,
            setsigdef=_RESET,
        )
    except OSError:
        os.close(writing)
        return None
    finally:
        os.close(reading)
    pid = _only_child(shell)
    os.kill(shell, signal.SIGKILL)  # not yet waited for, so the pid is still its own
    os.waitpid(shell, 0)
    if pid is None:
        os.close(writing)
        return None
    return Launched(pid, writing, 0)


def _free_digit(taken: int) -> int | None:
    """A descriptor of one digit, all that shells take in redirections, that is not in use."""
    for digit in range(9, 2, -1):
        try:
            os.fstat(digit)
        except OSError:
            if digit != taken:
                return digit
    return None


def _only_child(shell: int) -> int | None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if found := children_of(shell):
            return found[0]
        if os.waitid(os.P_PID, shell, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return None
        time.sleep(0.0002)
    return None


@functools.cache
def _tells_children(root: str) -> bool:
    """Whether this kernel lists children (CONFIG_PROC_CHILDREN)."""
    return os.path.exists(f"{root}/self/task/{os.getpid()}/children") or os.path.exists(f"{root}/1/task/1/children")


def children_of(pid: int, root: str = "/proc") -> list[int]:
    """The children of a process, of all its threads; empty when it is gone.

    From /proc/PID/task/TID/children, or where the kernel has none from every process's parent.
    """
    if not _tells_children(root):
        return _children_by_parent(root).get(pid, [])
    found: list[int] = []
    try:
        for thread in os.listdir(f"{root}/{pid}/task"):
            with open(f"{root}/{pid}/task/{thread}/children", "rb") as file:
                found += [int(each) for each in file.read().split()]
    except OSError:
        pass  # it, or one of its threads, ended meanwhile
    return found


def tree_of(pid: int, most: int = 10_000, root: str = "/proc") -> list[int]:
    """A process and its descendants, parents before children; the first `most`."""
    by_parent = None if _tells_children(root) else _children_by_parent(root)
    found = [pid]
    for each in found:  # grows while it is walked
        if len(found) >= most:
            break
        found += children_of(each, root) if by_parent is None else by_parent.get(each, [])
    return found[:most]


def _children_by_parent(root: str) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for name in os.listdir(root):
        if name.isdigit():
            try:
                with open(f"{root}/{name}/stat", "rb") as file:
                    parent = int(stat_fields(file.read())[1])
            except (OSError, ValueError):
                continue
            found.setdefault(parent, []).append(int(name))
    return found
