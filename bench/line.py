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
from collections.abc import Sequence

__all__ = ["main"]

_BURST = 0.05  # seconds of an idle line that may be made up for


def main(arguments: Sequence[str] | None = None) -> int:
    """Be the line until the program ends; its exit status."""
    rate_text, delay_text, *command = sys.argv[1:] if arguments is None else arguments
    rate, delay = float(rate_text), float(delay_text)
    size = fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))
    pid, inner = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, size)
        os.execvp(command[0], command)
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        _carry(inner, rate, delay)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _carry(inner: int, rate: float, delay: float) -> None:
    """Move bytes both ways until the program closes its terminal."""
    down: deque[tuple[float, bytes]] = deque()
    up: deque[tuple[float, bytes]] = deque()
    free = time.monotonic()  # when the line has sent all that it took
    open_ = True
    while open_ or down:
        now = time.monotonic()
        for queue, target in ((down, 1), (up, inner)):
            while queue and queue[0][0] <= now:
                data = queue.popleft()[1]
                if open_ or target == 1:
                    os.write(target, data)
        free = max(free, now - _BURST)
        waits = [queue[0][0] - now for queue in (down, up) if queue]
        room = int((now - free) * rate)
        readers = [0]
        if open_ and room > 0:
            readers.append(inner)
        elif open_:
            waits.append(free + 1 / rate - now)
        ready = select.select(readers, [], [], max(0.0, min(waits, default=0.05)))[0]
        if 0 in ready:
            up.append((time.monotonic() + delay, os.read(0, 4096)))
        if inner in ready:
            try:
                data = os.read(inner, room)
            except OSError:  # EIO: the program has closed it (pty(7))
                data = b""
            open_ = bool(data)
            free += len(data) / rate
            down.append((max(free, now) + delay, data))


if __name__ == "__main__":
    sys.exit(main())
