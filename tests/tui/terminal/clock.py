"""An event loop on whose clock an hour passes in minutes."""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import Any

from textual import _time

from pitop.tui.terminal import wire

__all__ = ["HastyLoop"]


class _Selector(selectors.DefaultSelector):
    """Waits a part of what it is asked to, and puts the loop's clock on by the whole."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self.speed = speed
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        began = time.monotonic()
        ready = super().select(None if timeout is None else timeout / self.speed)
        passed = (time.monotonic() - began) * self.speed
        self.now += passed if timeout is None else min(passed, timeout) if ready else timeout
        return ready


class HastyLoop(asyncio.SelectorEventLoop):
    """Its time passes `speed` times as fast while it waits, and stands still while it works.

    Textual's timers and the wire go by that clock as well; other threads and processes do not.
    """

    def __init__(self, speed: float) -> None:
        self._hasty = _Selector(speed)
        super().__init__(self._hasty)
        for module, name in ((_time, "get_time"), (wire, "monotonic")):
            clocked: Any = module
            setattr(clocked, name, self.time)

    def time(self) -> float:
        """Seconds since the loop was made, as its timers see them."""
        return self._hasty.now
