"""A real terminal for a real program: a pty, with pyte as what a person sees."""

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
from collections.abc import Callable, Mapping, Sequence

import pyte

__all__ = ["Terminal"]

_UNFINISHED = re.compile(rb"\x1b(\[[^@-~]*)?\Z")
_PRIVATE = re.compile(rb"\x1b\[[<=>][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")


class Terminal:
    """Runs `command` on a pty of its own, as a session leader would be run by sshd."""

    def __init__(
        self, command: Sequence[str], columns: int = 120, lines: int = 40, environment: Mapping[str, str] | None = None
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.output = b""
        self._part = b""
        self.status: int | None = None
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            plain = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TERM": "xterm-256color", "LANG": "C.UTF-8"}
            os.execve(command[0], list(command), {**plain, **(environment or {})})

    def resize(self, columns: int, lines: int) -> None:
        """Another size, as when the window is dragged."""
        self.screen.resize(lines, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    @property
    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(self.screen.display)

    def pump(self, seconds: float) -> bool:
        """Take in what the program writes, for at most so long; False when it has closed the terminal."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.output += data
        seen = self._part + data
        cut = _UNFINISHED.search(seen)  # a sequence of which the rest is still to come
        self._part = b"" if cut is None else cut[0]
        self.stream.feed(_PRIVATE.sub(b"", seen[: len(seen) - len(self._part)]))
        return bool(data)

    def until(self, found: Callable[[str], object] | str, seconds: float = 15) -> str:
        """Wait until the screen shows a text, or whatever `found` looks for."""
        look = (lambda text: found in text) if isinstance(found, str) else found
        limit = time.monotonic() + seconds
        while not look(self.text):
            if time.monotonic() > limit or not self.pump(0.1):
                raise AssertionError(f"never seen: {found!r}; the screen shows:\n{self.text}\n{self.output[-2000:]!r}")
        return self.text

    def ended(self, seconds: float = 10) -> int:
        """Wait for the end; the exit status, negative for a signal."""
        limit = time.monotonic() + seconds
        while self.status is None:
            self.pump(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            assert time.monotonic() < limit, f"still running; the screen shows:\n{self.text}"
        while self.pump(0):
            if not select.select([self.master], [], [], 0)[0]:
                break
        return self.status

    def restored(self) -> bool:
        """Whether the terminal is as it was: main screen, cursor shown, mouse and paste marks off, line mode."""
        local = termios.tcgetattr(self.master)[3]
        off = self._is_off(1049) and self._is_off(1000) and self._is_off(2004) and not self._is_off(25)
        return off and bool(local & termios.ICANON) and bool(local & termios.ECHO)

    def left_the_screen(self) -> bool:
        """Whether the main screen is shown, and the mouse is off; a shell may be editing a line on it."""
        return self._is_off(1049) and self._is_off(1000)

    def _is_off(self, mode: int) -> bool:
        return self.output.rfind(b"\x1b[?%dl" % mode) > self.output.rfind(b"\x1b[?%dh" % mode)

    def close(self) -> None:
        """End the program if it has not ended, and give the pty back."""
        if self.status is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        try:
            os.close(self.master)
        except OSError:
            pass
