"""A program on a terminal of its own: what it writes and when, what it costs, what answers a key."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import tempfile
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

from bench.terminal import Answers, Screen
from pitop.kernel.launch import tree_of

__all__ = ["Chunk", "Program"]

T = TypeVar("T")

_TICKS = os.sysconf("SC_CLK_TCK")
_READ = 65536
_PAUSE = 0.03  # seconds without output between what a program wants to be seen
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Chunk(NamedTuple):
    """One read: when it returned (monotonic seconds) and what."""

    time: float
    data: bytes


class Program:
    """`command` runs while the block lasts, with a home of its own and nothing of this one's environment.

    Reading and drawing are apart: `listen` only reads, stamps and answers, so that its work does not slow what is
    measured; `screen` is brought up to date when somebody asks what it shows.
    """

    def __init__(
        self,
        command: Sequence[str],
        columns: int = 120,
        lines: int = 40,
        environment: Mapping[str, str] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> None:
        self.command = tuple(command)
        self.chunks: list[Chunk] = []
        self.status: int | None = None  # of the process, once it has ended
        self.ended = 0.0
        self._screen = Screen(columns, lines)
        self._drawn = 0  # chunks that the screen has seen
        self._answers = Answers(columns, lines)
        self._size = struct.pack("HHHH", lines, columns, 0, 0)
        self._files = dict(files or {})
        self._environment = {
            "PATH": _PATH,
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            **{name: os.environ[name] for name in ("USER", "LOGNAME", "SHELL") if name in os.environ},
            **(environment or {}),
        }

    def __enter__(self) -> Self:
        file = shutil.which(self.command[0], path=self._environment["PATH"])
        if file is None:
            raise FileNotFoundError(self.command[0])
        self._home = Path(tempfile.mkdtemp(prefix="pitop-home-"))
        for name, content in self._files.items():
            path = self._home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        environment = {"HOME": str(self._home), **self._environment}
        self.started = time.monotonic()
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, self._size)
                os.chdir("/")
                os.execve(file, self.command, environment)
            finally:
                os._exit(127)
        self._process = os.pidfd_open(self.pid)
        self._open = True  # somebody has the terminal's other end
        self._poll = select.poll()
        self._poll.register(self._terminal, select.POLLIN)
        self._poll.register(self._process, select.POLLIN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.status is None:
                signal.pidfd_send_signal(self._process, number)
                self.listen(3.0)
        os.close(self._terminal)
        os.close(self._process)
        shutil.rmtree(self._home, ignore_errors=True)

    # What it writes

    def listen(self, seconds: float, until: Callable[[], bool] | None = None) -> bool:
        """Read for so long, or `until` something is so (asked after every read) or the program ends.

        Whether `until` became so.
        """
        limit = time.monotonic() + seconds
        while self.status is None:
            if until is not None and until():
                return True
            left = limit - time.monotonic()
            if left <= 0:
                return False
            ready = {descriptor for descriptor, _ in self._poll.poll(left * 1000)}
            if self._terminal in ready and self._read():
                continue
            if self._process in ready:
                self.ended = time.monotonic()
                while self._open and select.select([self._terminal], [], [], 0)[0] and self._read():
                    pass
                self.status = os.waitpid(self.pid, 0)[1]
        return until is not None and until()

    def hear(self, seconds: float) -> bool:
        """Read until something comes, for so long at most. Whether something came."""
        known = len(self.chunks)
        return self.listen(seconds, lambda: len(self.chunks) > known)

    def silence(self, seconds: float, limit: float) -> bool:
        """Wait for new output that is followed by `seconds` of silence: a refresh has just ended."""
        end = time.monotonic() + limit
        if not self.hear(limit):
            return False
        while time.monotonic() < end and self.status is None:
            if not self.hear(seconds):
                return True
        return False

    def _read(self) -> bool:
        try:
            data = os.read(self._terminal, _READ)
        except OSError:  # EIO: nobody has the other end open any more (pty(7))
            self._poll.unregister(self._terminal)
            self._open = False
            return False
        self.chunks.append(Chunk(time.monotonic(), data))
        answer = self._answers.to(data)
        if answer:
            os.write(self._terminal, answer)
        return bool(data)

    def press(self, key: str) -> float:
        """Type a text, or press an arrow (`up`, `down`, `left`, `right`). When (monotonic seconds)."""
        keys = self.screen.keys(key)
        now = time.monotonic()
        os.write(self._terminal, keys)
        return now

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size; the program gets SIGWINCH. The screen begins anew."""
        self._screen = Screen(columns, lines)
        self._drawn = len(self.chunks)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    # What it shows

    @property
    def screen(self) -> Screen:
        """The screen as of the last read."""
        while self._drawn < len(self.chunks):
            self._draw()
        return self._screen

    def states(self, read: Callable[[Screen], T]) -> list[T]:
        """What `read` finds on the screen each time that output pauses, in the output that is not drawn yet."""
        found = []
        while self._drawn < len(self.chunks):
            when = self._draw()
            if self._drawn == len(self.chunks) or self.chunks[self._drawn].time - when > _PAUSE:
                found.append(read(self._screen))
        return found

    def await_screen(self, wanted: Callable[[Screen], bool], limit: float) -> float | None:
        """Wait until the screen is as wanted and stays so until output pauses; for `limit` seconds at most.

        The time of the read since which it is so, or None. Draws only in moments without output.
        """
        end = time.monotonic() + limit
        since = None
        while True:
            while self.hear(_PAUSE) and time.monotonic() < end:
                pass
            while self._drawn < len(self.chunks):
                when = self._draw()
                if not wanted(self._screen):
                    since = None
                elif since is None:
                    since = when
            if since is not None or self.status is not None or time.monotonic() >= end:
                return since
            self.hear(end - time.monotonic())

    def _draw(self) -> float:
        """Draw one read. When it was."""
        chunk = self.chunks[self._drawn]
        self._screen.feed(chunk.data)
        self._drawn += 1
        while self._open and select.select([self._terminal], [], [], 0)[0] and self._read():
            pass  # what is asked of the terminal is answered however long drawing takes
        return chunk.time

    # What it costs

    def tree(self) -> list[int]:
        """The pids of the program and of its descendants."""
        return tree_of(self.pid)

    def cpu_seconds(self) -> float:
        """CPU time of the tree so far: all threads, ended children too.

        Living processes by their CPU clock (clock_getcpuclockid(3)), to the nanosecond; children that were waited
        for by cutime and cstime of proc_pid_stat(5), to the tick.
        """
        total = 0.0
        for pid in self.tree():
            try:
                stat = Path(f"/proc/{pid}/stat").read_bytes()
                total += time.clock_gettime((~pid << 3) | 2)
            except OSError:
                continue
            fields = stat[stat.rindex(b")") + 2 :].split()
            total += (int(fields[13]) + int(fields[14])) / _TICKS
        return total

    def pss_bytes(self) -> int:
        """Memory of the tree, what is shared counted in shares (proc_pid_smaps(5))."""
        total = 0
        for pid in self.tree():
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))
        return total
