"""A slow line to a program: `python -m bench.line RATE DELAY COMMAND…`.

The command runs on a terminal of its own. What it writes comes through at RATE bytes a second and DELAY seconds later;
what is typed arrives DELAY seconds later. What the line has not taken stays with the terminal, as a modem's would.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import sys
import termios
import time
import tty
from collections import deque
from collections.abc import Iterator, Sequence

__all__ = ["Line", "main"]

_BURST = 0.05  # seconds of an idle line that may be made up for
_ALL = 65536


class Line:
    """Bytes on their way: `rate` a second come down (None: all), and each takes `delay` seconds either way."""

    def __init__(self, rate: float | None, delay: float) -> None:
        self.rate, self.delay = rate, delay
        self.up: deque[tuple[float, bytes]] = deque()  # when they arrive, and what
        self.down: deque[tuple[float, bytes]] = deque()
        self._free = time.monotonic()  # when it has sent all that it took

    def room(self) -> int:
        """How many bytes it takes down now."""
        if self.rate is None:
            return _ALL
        now = time.monotonic()
        self._free = max(self._free, now - _BURST)
        return max(0, int((now - self._free) * self.rate))

    def send_down(self, data: bytes) -> None:
        """Take what the program has written."""
        now = time.monotonic()
        if self.rate is not None:
            self._free += len(data) / self.rate
            now = max(now, self._free)
        self.down.append((now + self.delay, data))

    def send_up(self, data: bytes) -> None:
        """Take what was typed."""
        self.up.append((time.monotonic() + self.delay, data))

    def wait(self) -> float:
        """Seconds until something arrives, or it takes more; a little at most."""
        now = time.monotonic()
        times = [way[0][0] - now for way in (self.up, self.down) if way]
        if self.rate is not None:
            times.append(self._free + 1 / self.rate - now)
        return max(0.0, min([*times, _BURST]))

    @staticmethod
    def arrived(way: deque[tuple[float, bytes]]) -> Iterator[bytes]:
        """What has come to the end of `up` or `down`."""
        while way and way[0][0] <= time.monotonic():
            yield way.popleft()[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Be the line until the program ends; its exit status."""
    rate, delay, *command = sys.argv[1:] if arguments is None else arguments
    size = fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))
    pid, inner = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, size)
        os.execvp(command[0], command)
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        _carry(inner, Line(float(rate), float(delay)))
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _carry(inner: int, line: Line) -> None:
    """Move bytes both ways until the program closes its terminal."""
    open_ = True
    while open_ or line.down:
        for data in line.arrived(line.down):
            os.write(1, data)
        for data in line.arrived(line.up):
            if open_:
                os.write(inner, data)
        room = line.room() if open_ else 0
        ready = select.select([0, inner] if room else [0], [], [], line.wait())[0]
        if 0 in ready:
            line.send_up(os.read(0, 4096))
        if inner in ready:
            try:
                data = os.read(inner, room)
            except OSError:  # EIO: the program has closed it (pty(7))
                data = b""
            open_ = bool(data)
            line.send_down(data)


if __name__ == "__main__":
    sys.exit(main())
