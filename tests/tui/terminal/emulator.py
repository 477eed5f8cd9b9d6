"""A terminal at the end of a line that is slow, and far away."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterable, Sequence

import pyte

from bench.line import Line

__all__ = ["Emulator"]

QUERY = re.compile(rb"\x1b\[6n|\x1b\[\?2026\$p")
PART = re.compile(rb"\x1b(\[[^@-~]*)?\Z")
MODE = re.compile(rb"\x1b\[\?(\d+)([hl])")


class Emulator:
    """A program in its terminal of 80×24.

    `rate`: bytes a second that come through, or None for all; `delay`: seconds each way. `answers`: whether the
    terminal answers cursor position reports.
    """

    def __init__(
        self, command: Sequence[str], *, rate: float | None = None, delay: float = 0.0, answers: bool = True
    ) -> None:
        self.width, self.height = 80, 24
        self.line = Line(rate, delay)
        self.answers = answers
        self.screen = pyte.Screen(self.width, self.height)
        self.stream = pyte.ByteStream(self.screen)
        self.output = b""
        self.modes: dict[int, bool] = {}
        self.kitty = 0
        self._part = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            environment = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PATH": os.environ["PATH"]}
            os.execve(command[0], list(command), {**environment, "LANG": "C.UTF-8", "HOME": "/nonexistent"})
        self.before = termios.tcgetattr(self.fd)
        self.status: int | None = None
        self.resize(self.width, self.height)

    def resize(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.screen.resize(height, width)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def press(self, keys: str) -> float:
        """Press keys; when that was."""
        now = time.monotonic()
        self.line.send_up(keys.encode())
        return now

    def turn(self) -> bool:
        """Move bytes for a moment; False when the program has ended."""
        for keys in self.line.arrived(self.line.up):
            os.write(self.fd, keys)
        take = self.line.room()
        if take and select.select([self.fd], [], [], 0.005)[0]:
            try:
                data = os.read(self.fd, take)
            except OSError:
                data = b""
            if not data:
                last = [data for _, data in self.line.down]
                self.line.down.clear()
                self._show(last)
                return False
            self.line.send_down(data)
        else:
            time.sleep(0.002)
        self._show(self.line.arrived(self.line.down))
        return True

    def _show(self, arrived: Iterable[bytes]) -> None:
        for data in arrived:
            self.output += data
            data = self._part + data
            cut = PART.search(data)  # a sequence of which the rest is still to come
            self._part = b"" if cut is None else cut[0]
            data = data[: len(data) - len(self._part)]
            self.kitty += len(re.findall(rb"\x1b\[>\d+u", data)) - data.count(b"\x1b[<u")
            for number, final in MODE.findall(data):
                self.modes[int(number)] = final == b"h"
            # pyte takes the private u and $p for text
            self.stream.feed(re.sub(rb"\x1b\[[<>]\d*u|\x1b\[\?\d+\$p", b"", data))
            for query in QUERY.findall(data):
                position = b"\x1b[1;1R" if self.answers else b""
                reply = position if query == b"\x1b[6n" else b"\x1b[?2026;2$y"
                self.line.send_up(reply)

    def until(self, reached: Callable[[], bool], seconds: float = 20) -> float:
        """Run until something is reached; when that was."""
        deadline = time.monotonic() + seconds
        while not reached():
            assert self.turn() or reached(), self.output[-2000:]
            assert time.monotonic() < deadline, "\n".join(self.screen.display)
        return time.monotonic()

    def until_text(self, text: str, seconds: float = 20) -> float:
        return self.until(lambda: any(text in row for row in self.screen.display), seconds)

    def settle(self, quiet: float = 0.4) -> None:
        """Run until nothing has come for a while."""
        size, since = len(self.output), time.monotonic()
        while time.monotonic() - since < quiet:
            self.turn()
            if len(self.output) != size:
                size, since = len(self.output), time.monotonic()

    def end(self, seconds: float = 20) -> int:
        """Run until the program has ended; its exit status."""
        deadline = time.monotonic() + seconds
        while self.turn():
            assert time.monotonic() < deadline
        return self.reap()

    def reap(self) -> int:
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    @property
    def on_their_way(self) -> int:
        """Keys and answers that the program has not got."""
        return len(self.line.up)

    @property
    def cells(self) -> list[list[object]]:
        return [[self.screen.buffer[y][x] for x in range(self.width)] for y in range(self.height)]

    @property
    def left_on(self) -> set[int]:
        """The modes that are not as a shell wants them."""
        return {mode for mode, on in self.modes.items() if on != (mode in (7, 25))} - {1006, 1015}

    def close(self) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.reap()
        os.close(self.fd)
