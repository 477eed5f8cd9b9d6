"""An app of which each frame is shown by Textual's own path and by the wire, on two emulated terminals."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pyte
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

from pitop.tui.terminal.seam import Wire

__all__ = ["Compared", "EmulatedDriver", "compare"]


class EmulatedDriver(HeadlessDriver):
    """Has no terminal, and does not say so."""

    @property
    def is_headless(self) -> bool:
        return False


class Frames:
    """The channel to an emulated terminal that answers cursor position reports."""

    fileno = -1
    backlog = 0

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.size = 0
        self.questions = 0

    def write(self, data: bytes) -> None:
        self.size += len(data)
        self.questions += data.count(b"\x1b[6n")
        self.terminal.stream.feed(data)


class Screen(pyte.Screen):
    """One that also repeats: REP, ECMA-48 §8.3.103."""

    last = ""

    def draw(self, data: str) -> None:
        self.last = data[-1:]
        super().draw(data)

    def repeat(self, count: int = 1) -> None:
        self.draw(self.last * count)


class Stream(pyte.ByteStream):
    csi = pyte.ByteStream.csi | {"b": "repeat"}
    events = pyte.ByteStream.events | {"repeat"}


class Terminal:
    def __init__(self, width: int, height: int) -> None:
        self.screen = Screen(width, height)
        self.screen.reset_mode(7, private=True)
        self.stream = Stream(self.screen)


class Compared(App[Any]):
    """Goes before a `Wired` app. `difference` says where the two screens differ first."""

    def begin(self, size: tuple[int, int]) -> None:
        """Before it runs."""
        self.stock = Terminal(*size)
        self.ours = Terminal(*size)
        self.frames = 0
        self.difference = ""
        self.stock_size = 0
        self.channel = Frames(self.ours)

    def on_load(self) -> None:
        self.wire: Wire | None = Wire(self.channel, self.console.color_system)  # type: ignore[arg-type]
        self.wire.open = True

    def resize_terminals(self, width: int, height: int) -> None:
        for terminal in (self.stock, self.ours):
            terminal.screen.resize(height, width)

    def _display(self, screen: Any, renderable: Any) -> None:
        if renderable is not None and not self._batch_count and self._running and not self._closed:
            sequences = renderable.render_segments(self.console)
            self.stock_size += len(sequences.encode())
            self.stock.stream.feed(sequences.encode())
        wire = self.wire
        super()._display(screen, renderable)
        if self.wire is not wire:
            self.difference = self.difference or "the wire gave way to Textual"
        while self.channel.questions and self.wire:
            self.channel.questions -= 1
            self.wire.answered()
        self.compare(renderable)

    def compare(self, renderable: Any) -> None:
        if renderable is None or self.difference:
            return
        region = getattr(renderable, "region", None)
        size = region.size if region is not None else (renderable.chop_ends[0][-1], len(renderable.chop_ends))
        if tuple(size) != (self.stock.screen.columns, self.stock.screen.lines):
            return  # still painting for the size before
        self.frames += 1
        screens = self.stock.screen, self.ours.screen
        touched = range(screens[0].lines) if self.frames % 20 == 0 else sorted(screens[0].dirty | screens[1].dirty)
        for screen in screens:
            screen.dirty.clear()
        for y in touched:
            for x in range(screens[0].columns):
                one, other = (screen.buffer[y][x] for screen in screens)
                if one != other:
                    self.difference = f"frame {self.frames}, row {y}, column {x}: {one} became {other}"
                    return


async def compare(app: Any, size: tuple[int, int], play: Callable[[Any, Pilot[Any]], Coroutine[Any, Any, None]]) -> int:
    """Have `play` use the app; 0 where it went well and 1 where the screens came to differ."""
    app.begin(size)

    async def played(pilot: Pilot[Any]) -> None:
        await play(app, pilot)
        app.exit()

    await app.run_async(size=size, auto_pilot=played)
    print(f"{app.frames} frames, {app.channel.size} bytes, stock {app.stock_size}")
    if app.difference or not app.frames:
        print(app.difference or "no frames")
        return 1
    return 0
