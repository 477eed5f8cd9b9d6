"""The terminal driver: Textual's own, with an input thread that sleeps until there is something to read.

The stock thread wakes ten times a second to look whether it should end, and takes up to 0.2 s to notice that it should.
"""

from __future__ import annotations

import os
import select
import signal
from codecs import getincrementaldecoder

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

__all__ = ["PitopDriver"]

_READ = 4096  # bytes at a time
_TICK = 0.05  # seconds between looks at a sequence that may be a lone Escape
_TICKS = 4  # looks after the last byte; the parser gives up on a sequence after 0.1 s


class PitopDriver(LinuxDriver):
    """A LinuxDriver that waits for keys without a clock."""

    _wake = -1

    def disable_input(self) -> None:
        """End the input thread, at once."""
        if self._wake >= 0:
            os.eventfd_write(self._wake, 1)
        super().disable_input()

    def run_input_thread(self) -> None:
        """Wait for input and dispatch events, until input is disabled."""
        wake = self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        poll.register(wake, select.POLLIN)
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        ticks = 0
        gone = False
        try:
            while not self.exit_event.is_set():
                ready = dict(poll.poll(_TICK * 1000 if ticks else None))
                if wake in ready:
                    self.exit_event.wait(1.0)  # it is set right after we are woken
                    break
                if self.fileno in ready:
                    data = os.read(self.fileno, _READ)
                    if not data:
                        gone = True
                        break
                    for event in parser.feed(decode(data)):
                        self.process_message(event)
                    ticks = _TICKS
                elif ticks:
                    ticks -= 1
                for event in parser.tick():
                    self.process_message(event)
        except OSError:
            gone = True
        finally:
            self._wake = -1
            os.close(wake)
        if gone and not self.exit_event.is_set():
            # Its own SIGHUP comes only to those whose controlling terminal it was: not after setsid, as under su -c.
            os.kill(os.getpid(), signal.SIGHUP)

    def write(self, data: str) -> None:
        """Write to the terminal; once it is gone nothing waits for the thread that wrote to it."""
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().write(data)
