"""The first sample of a topic, taken by a child while this process still imports the screen that will show it.

Importing holds the interpreter's lock: a thread would only take turns with it, and lose at every system call. A child
has a core of its own. What it keeps of its sample comes back in memory that both share; should anything go wrong with
that, the collector takes its first sample itself, as it would have anyway.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
from typing import Any

from pitop.collect.collector import Inheriting
from pitop.collect.topics import Topic

__all__ = ["Ahead"]

_PATIENCE = 5.0  # seconds for the child, from when somebody waits for what it has


class Ahead:
    """A child that samples `topic`, whose collector is `Inheriting`. Raises OSError where there cannot be one.

    Begin it before there are threads: of them fork(2) takes only the one that calls it.
    """

    def __init__(self, topic: Topic[Any]) -> None:
        topic.load()  # here, so that only one of the two has to
        self._memory = os.memfd_create("pitop-ahead", os.MFD_CLOEXEC)
        try:
            self._pid = os.fork()
        except OSError:
            os.close(self._memory)
            raise
        if self._pid == 0:
            _sample(topic, self._memory)

    def take(self) -> Any | None:
        """What the child's collector keeps, for another one to take over; None where it came to nothing. Only once."""
        try:
            if not self._finished():
                return None
            with open(self._memory, "rb", closefd=False) as kept:
                return pickle.load(kept)
        except (OSError, EOFError, pickle.UnpicklingError):
            return None
        finally:
            self.close()

    def close(self) -> None:
        """End the child, if it has not ended, and forget what it had."""
        if self._memory >= 0:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            os.close(self._memory)
            self._memory = -1

    def _finished(self) -> bool:
        """Whether the child has ended, having had time for it, and has what it was begun for."""
        descriptor = os.pidfd_open(self._pid)
        try:
            waiting = select.poll()
            waiting.register(descriptor, select.POLLIN)
            if not waiting.poll(_PATIENCE * 1000):
                return False
        finally:
            os.close(descriptor)
        ended = os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOWAIT)
        return ended is not None and ended.si_code == os.CLD_EXITED and ended.si_status == 0


def _sample(topic: Topic[Any], memory: int) -> None:
    """What the child does, and its end: nothing of the parent's is flushed, told, or cleaned up here."""
    status = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        collector = topic.open()
        if isinstance(collector, Inheriting):
            collector.collect()
            with open(memory, "r+b", closefd=False) as kept:
                pickle.dump(collector.kept(), kept, pickle.HIGHEST_PROTOCOL)
                kept.seek(0)  # the parent's place in it is the same
            status = 0
    finally:
        os._exit(status)
