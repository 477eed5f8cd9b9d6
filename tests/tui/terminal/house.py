"""pitop in use for a while, each frame shown by Textual's own path and by the wire.

Run as ``python -m tests.tui.terminal.house SEED SECONDS``. SEED decides what is pressed, typed and clicked, and how the
terminal is resized; the collectors are real. The seconds are those of a clock that makes haste, so an hour takes
minutes. What the keys would do to processes and files is not done, and all of it happens in a network of its own. The
last line is a report, as JSON; the status is 1 where the screens came to differ, or anything else failed.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct
from textual.events import Resize
from textual.geometry import Size
from textual.pilot import Pilot

from pitop.collect.live import LiveSource
from pitop.collect.topics import Topic
from pitop.model.actions import Action, Outcome
from pitop.model.packets.snapshot import SaveTo
from pitop.model.snapshot import Failure, Snapshot
from pitop.tui.app import PANES, PitopApp
from pitop.tui.settings import Settings
from tests.private_network import bring_up
from tests.tui.kept import stale
from tests.tui.terminal.clock import HastyLoop
from tests.tui.terminal.compared import Compared, EmulatedDriver
from tests.tui.terminal.person import Person

_NEWUSER, _NEWNET = 0x10000000, 0x40000000
_SPEED = 20.0  # seconds of the hour in a second of waiting
_SIZE = (120, 40)
_LOOKED = 10  # frames from one look at what the widgets keep to the next
_PROGRESS = 600.0  # seconds of the hour between words of how far it is
_SOON = 0.2  # real seconds that a collector waits for the hasty clock: it has to end when it is told to
_GRACE = 10.0  # seconds for an app that failed to end by itself


class _Paced:
    """A collector that takes a sample when the hasty clock says so, or when it is asked for something."""

    def __init__(self, collector: Any, source: Watching) -> None:
        self._collector = collector
        self._source = source
        self._due = 0.0
        self.descriptors = collector.descriptors
        self.close = collector.close

    @property
    def every(self) -> float | None:
        every: float | None = self._collector.every
        return None if every is None else every / _SPEED

    def ask(self, request: Struct) -> None:
        if not isinstance(request, Snapshot | Failure):
            self._due = 0.0
        self._collector.ask(request)

    def collect(self) -> Any:
        clock, limit = self._source.clock, time.monotonic() + _SOON
        while clock() < self._due and time.monotonic() < limit:
            time.sleep(0.002)
        self._due = clock() + (self._collector.every or self._source.interval)
        return self._collector.collect()


class _Hastened(Topic[Any], frozen=True):
    """A topic whose collector goes by the hasty clock."""

    source: Any = None

    def open(self) -> Any:
        return _Paced(super().open(), self.source)


class Watching(LiveSource):
    """This machine now, sampled by the hasty clock, but nothing is done to it. `failures` counts those of topics."""

    def __init__(self, interval: float = 1.0) -> None:
        super().__init__(interval / _SPEED)
        self.clock: Callable[[], float] = lambda: 0.0
        self.failures: Counter[str] = Counter()

    @property
    def interval(self) -> float:
        return super().interval * _SPEED

    def set_interval(self, seconds: float) -> None:
        super().set_interval(seconds / _SPEED)

    def subscribe(self, topic: Topic[Any], deliver: Callable[[Any], None]) -> Any:
        def counted(newest: Any) -> None:
            if isinstance(newest, Failure):
                self.failures[f"{newest.topic}: {newest.message} ({newest.where})"] += 1
            deliver(newest)

        return super().subscribe(_Hastened(topic.name, topic.collector, topic.needs, topic.told, self), counted)

    def ask(self, topic: Topic[Any], request: Struct) -> None:
        if not isinstance(request, SaveTo):
            super().ask(topic, request)

    def perform(self, action: Action, deliver: Callable[[Outcome], None]) -> None:
        threading.Thread(target=deliver, args=(Outcome(False, "not here"),), daemon=True).start()


class House(Compared, PitopApp):  # type: ignore[misc]
    """`painted` counts, by pane, the frames that changed any of it; `filled` has the most cells that it ever filled."""

    source: Watching

    def __init__(self) -> None:
        PitopApp.__init__(self, Watching(), Settings())
        self.driver_class = EmulatedDriver
        self.painted: Counter[str] = Counter()
        self.filled: Counter[str] = Counter()
        self.screens: Counter[str] = Counter()
        self.failed: Callable[[], None] = lambda: None

    def fail(self, why: str) -> None:
        if not self.difference:
            self.failed()
        super().fail(why)

    async def action_quit(self) -> None:
        pass

    def action_suspend_process(self) -> None:
        pass

    def resize(self, size: tuple[int, int]) -> None:
        """Another size, as when the window is dragged."""
        self.resize_terminals(*size)
        assert self._driver is not None
        self._driver._size = size
        self.post_message(Resize(Size(*size), Size(*size)))

    def compare(self, renderable: Any) -> None:
        before = self.frames
        dirty = self.stock.screen.dirty
        super().compare(renderable)
        if self.frames > before:
            if not self.frames % _LOOKED and (old := stale(self.screen)):
                self.fail(f"frame {self.frames}: {len(old)} lines were not drawn again: {old[0]}")
            pane, other = self.pane, self.ours.screen
            lines = range(other.lines)[slice(*pane.region.line_span)]
            self.screens[type(self.screen).__name__] += 1
            if pane.is_on_screen and not dirty.isdisjoint(lines):
                self.painted[pane.stem] += 1
                filled = sum(cell.data.strip() != "" for y in lines for cell in other[y])
                self.filled[pane.stem] = max(self.filled[pane.stem], filled)
        dirty.clear()


def _own_network() -> None:
    """A network where nothing but this can be reached; raises OSError where that may not be had."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_NEWNET):
        if libc.unshare(_NEWUSER | _NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    bring_up(b"lo")


@contextmanager
def _company() -> Iterator[None]:
    """Processes and connections to be seen."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.tui.terminal.company"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUTF8": "1"},
    ) as company:
        assert company.stdout is not None
        company.stdout.readline()
        assert company.stdin is not None
        try:
            yield
        finally:
            company.stdin.close()


async def _use(app: House, person: Person, seconds: float) -> None:
    app.source.clock = asyncio.get_running_loop().time
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: app.fail(f"on the loop: {context['message']} {context.get('exception')!r}")
    )

    async def played(pilot: Pilot[Any]) -> None:
        progress = asyncio.create_task(_tell_progress(app, seconds))
        await person.use(seconds)
        progress.cancel()
        app.exit()

    await app.run_async(size=_SIZE, auto_pilot=played)


async def _tell_progress(app: House, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(_PROGRESS)
        told = f"{loop.time() / 60:.0f} of {seconds / 60:.0f} minutes, {app.frames} frames"
        print(told, file=sys.__stderr__, flush=True)  # sys.stderr is the app's


def main(seed: int, seconds: float) -> int:
    """Use pitop for so many seconds, and print the report."""
    began = time.monotonic()
    app = House()
    app.begin(_SIZE)
    person = Person(app, random.Random(seed), _SIZE)

    def tell() -> int:
        took = round(time.monotonic() - began, 1)
        print(json.dumps({"seed": seed, "seconds": seconds, "took_seconds": took, **_report(app, person)}), flush=True)
        return 1 if app.difference or not app.frames else 0

    def given_up() -> None:
        sys.stdout = sys.__stdout__  # the app has it
        os._exit(tell())

    def failed() -> None:
        ending = threading.Timer(_GRACE, given_up)
        ending.daemon = True
        ending.start()

    def uncaught(caught: threading.ExceptHookArgs) -> None:
        app.fail("".join(traceback.format_exception(caught.exc_value)))

    app.failed = failed
    threading.excepthook = uncaught
    _own_network()
    with _company(), tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with asyncio.Runner(loop_factory=lambda: HastyLoop(_SPEED)) as runner:
            runner.run(_use(app, person, seconds))
        os.chdir("/")
    return tell()


def _report(app: House, person: Person) -> dict[str, Any]:
    return {
        "used_seconds": round(app.source.clock()),
        "frames": app.frames,
        "cells": app.cells,
        "painted": {place.stem: app.painted[place.stem] for place in PANES},
        "filled": {place.stem: app.filled[place.stem] for place in PANES},
        "screens": dict(app.screens.most_common()),
        "bytes": app.channel.size,
        "stock_bytes": app.stock_size,
        "sizes": len(person.sizes),
        "skipped": app.skipped,
        "acts": dict(person.acts.most_common()),
        "failures": dict(app.source.failures.most_common()),
        "difference": app.difference,
        "last": list(person.last) if app.difference else [],
    }


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2])))
