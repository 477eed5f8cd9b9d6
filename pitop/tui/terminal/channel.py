"""Writes to the terminal that never make the program wait.

The terminal is opened anew, so that O_NONBLOCK is this program's alone: the descriptors that a shell hands over share
their flags with the shell.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable

__all__ = ["Channel"]


class Channel:
    """A terminal's output. What it does not take at once is kept, in order, until it does.

    `watch(True)` is called when there is something kept, `watch(False)` when that is gone; in between the owner calls
    `resume` whenever the terminal is writable. Any thread may write.
    """

    def __init__(self, fileno: int, watch: Callable[[bool], None]) -> None:
        """Open the terminal behind descriptor `fileno` for writing.

        Raises OSError where it is no terminal, or may not be opened.
        """
        self.fileno = os.open(os.ttyname(fileno), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._watch = watch
        self._kept = bytearray()
        self._lock = threading.RLock()  # a signal's handler writes too
        self._gone = False

    @property
    def backlog(self) -> int:
        """Bytes that the terminal has not taken yet."""
        return len(self._kept)

    def write(self, data: bytes) -> None:
        """Write `data` after all that was written before. Once the terminal has gone, nothing happens."""
        with self._lock:
            if self._gone:
                return
            waiting = bool(self._kept)
            self._kept += data
            if waiting:
                return
            self._push()
            left = bool(self._kept)
        if left:
            self._watch(True)

    def resume(self) -> None:
        """The terminal is writable again."""
        with self._lock:
            self._push()
            left = bool(self._kept)
        if not left:
            self._watch(False)

    def drain(self, seconds: float) -> None:
        """Wait until the terminal has taken everything, `seconds` at most; then what is left is dropped."""
        until = time.monotonic() + seconds
        poll = select.poll()
        poll.register(self.fileno, select.POLLOUT)
        while self._kept and (left := until - time.monotonic()) > 0:
            poll.poll(left * 1000)
            with self._lock:
                self._push()
        with self._lock:
            self._kept.clear()
        self._watch(False)

    def _push(self) -> None:
        while self._kept:
            try:
                taken = os.write(self.fileno, self._kept)
            except BlockingIOError:
                return
            except OSError:  # the terminal hung up
                self._gone = True
                self._kept.clear()
                return
            del self._kept[:taken]
