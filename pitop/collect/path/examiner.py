"""The diagnose topic: one examination after another, each step shown when it is done."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

from msgspec import Struct

from pitop.collect.path.diagnose import diagnose
from pitop.model.path.diagnosis import Step
from pitop.model.path.snapshot import DiagnoseRequest, DiagnoseSnapshot

__all__ = ["DiagnoseCollector"]


class _Examiner(threading.Thread):
    """One examination on a thread of its own. A step that is under way cannot be cut short, only left alone."""

    def __init__(self, request: DiagnoseRequest, signal: int) -> None:
        super().__init__(name="diagnose", daemon=True)
        self.request = request
        self.steps: tuple[Step, ...] = ()
        self.failure: Exception | None = None
        self.left = False
        self._signal = signal

    def run(self) -> None:
        try:
            for step in diagnose(self.request.host, self.request.port):
                if self.left:
                    return
                self.steps = (*self.steps, step)
                self._tell()
        except Exception as error:  # told to whoever collects
            self.failure = error
        finally:
            self._tell()

    def _tell(self) -> None:
        if not self.left:
            os.eventfd_write(self._signal, 1)


class DiagnoseCollector:
    """Snapshots of the examination that was asked for last."""

    every: float | None = None

    def __init__(self) -> None:
        self._signal = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._examiner: _Examiner | None = None

    def collect(self) -> DiagnoseSnapshot:
        """The steps up to now."""
        try:
            os.eventfd_read(self._signal)
        except BlockingIOError:
            pass
        examiner = self._examiner
        if examiner is not None and examiner.failure is not None:
            failure, self._examiner = examiner.failure, None
            raise failure
        return DiagnoseSnapshot(
            time=time.time(),
            host=os.uname().nodename,
            rows=examiner.steps if examiner is not None else (),
            request=examiner.request if examiner is not None else None,
            running=examiner is not None and examiner.is_alive(),
        )

    def ask(self, request: Struct) -> None:
        """Begin a new examination with a DiagnoseRequest; the same again changes nothing."""
        if not isinstance(request, DiagnoseRequest):
            return
        if self._examiner is not None:
            if self._examiner.request == request:
                return
            self._examiner.left = True
        self._examiner = _Examiner(request, self._signal)
        self._examiner.start()

    def descriptors(self) -> Sequence[int]:
        """Readable when a step is done."""
        return (self._signal,)

    def close(self) -> None:
        """Leave the examination alone."""
        if self._examiner is not None:
            self._examiner.left = True
            self._examiner = None
        os.close(self._signal)
