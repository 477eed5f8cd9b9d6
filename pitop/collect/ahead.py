"""The first sample of a topic, taken by a child while this process still imports the screen that will show it.

Importing holds the interpreter's lock: a thread would only take turns with it, and lose at every system call. A child
can have a core of its own. What it keeps of its sample comes back in memory that both share; should anything go wrong
with that, the collector takes its first sample itself, as it would have anyway.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
from typing import Any

from pitop.collect.collector import Inheriting
from pitop.collect.topics import Topic

__all__ = ["Ahead"]

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_END = 0.1  # seconds that a child gets to be gone once it was killed


class Ahead:
    """A child that samples `topic`, whose collector is `Inheriting`.

    Begin it before there are threads: of them fork(2) takes only the one that calls it. `fileno` is readable once the
    child has ended. Raises ImportError where the topic has no collector, OSError where there cannot be a child.
    """

    def __init__(self, topic: Topic[Any]) -> None:
        topic.load()  # here, so that only one of the two has to
        self._memory = os.memfd_create("pitop-ahead", os.MFD_CLOEXEC)
        # What interrupts this process must not find the child before it is ready for that.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        try:
            self.pid = os.fork()
            if self.pid == 0:
                _sample(topic, self._memory)
            self.fileno = _descriptor(self.pid)
        except OSError:
            os.close(self._memory)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def take(self) -> Any | None:
        """What the child's collector keeps, for another one to take over; None where it came to nothing, or where it
        has not ended. Only once: the child is forgotten.
        """
        try:
            ended = os.waitid(os.P_PIDFD, self.fileno, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None or ended.si_code != os.CLD_EXITED or ended.si_status != 0:
                return None
            with open(self._memory, "rb", closefd=False) as kept:
                return pickle.load(kept)
        except Exception:  # whatever it is: a sample can still be taken
            return None
        finally:
            self.close()

    def close(self) -> None:
        """End the child, if it has not ended, and forget what it had."""
        if self._memory < 0:
            return
        with contextlib.suppress(OSError):  # it is gone, or its end has been taken in by somebody else
            signal.pidfd_send_signal(self.fileno, signal.SIGKILL)
            select.select([self.fileno], [], [], _END)
            os.waitid(os.P_PIDFD, self.fileno, os.WEXITED | os.WNOHANG)
        os.close(self.fileno)
        os.close(self._memory)
        self._memory = -1


def _descriptor(pid: int) -> int:
    """Of a child; without one it is ended. Raises OSError."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def _sample(topic: Topic[Any], memory: int) -> None:
    """What the child does, and its end: nothing of the parent's is flushed, told, or cleaned up here."""
    status = 1
    try:
        for number in _ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        collector = topic.open()
        if isinstance(collector, Inheriting):
            collector.collect()
            with open(memory, "r+b", closefd=False) as kept:
                pickle.dump(collector.kept(), kept, pickle.HIGHEST_PROTOCOL)
                kept.seek(0)  # the parent's place in it is the same
            status = 0
    finally:
        os._exit(status)
