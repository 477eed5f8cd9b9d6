"""An app of which each frame is shown by Textual's own path and by the wire, on two emulated terminals."""

from __future__ import annotations

import asyncio
import os
import re
import traceback
import unicodedata
from collections.abc import Callable, Coroutine
from typing import Any

import pyte
from pyte import modes as mo
from pyte.screens import Char, Cursor
from rich.cells import cell_len
from rich.control import Control
from textual import events
from textual._compositor import LayoutUpdate
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver
from textual.message import Message
from textual.pilot import Pilot

from pitop.tui.terminal.seam import size_of
from pitop.tui.terminal.wire import Wire

__all__ = ["Compared", "EmulatedDriver", "Terminal", "compare"]

_REPEATS = {"foot", "alacritty"}  # of the TERMs that are tried
_ERASES_PLAIN = {"screen-256color"}


_COLOURS = re.compile(r"\x1b\[([0-9;]*)m")


class EmulatedDriver(HeadlessDriver):
    """Has no terminal, and does not say so. What is typed goes the way from bytes to events that it goes elsewhere."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._parser = XTermParser(False)

    @property
    def is_headless(self) -> bool:
        return False

    def type(self, sequences: str) -> None:
        """What a keyboard or a mouse sends."""
        for message in self._parser.feed(sequences):
            self.process_message(message)

    def process_message(self, message: Message) -> None:
        wire = getattr(self._app, "wire", None)
        if wire is not None and isinstance(message, events.Key | events.MouseEvent | events.Paste):
            wire.typed()
        super().process_message(message)


class Frames:
    """The channel to an emulated terminal that answers cursor position reports."""

    fileno = -1
    backlog = 0

    def __init__(self, terminal: Terminal, asked: Callable[[], None]) -> None:
        self.terminal = terminal
        self.size = 0
        self.questions = 0
        self._asked = asked

    def write(self, data: bytes) -> None:
        self.size += len(data)
        self.terminal.stream.feed(data.decode())
        if questions := data.count(b"\x1b[6n"):
            self.questions += questions
            asyncio.get_running_loop().call_soon(self._asked)


def _width(character: str) -> int:
    return cell_len(character)


# A terminal that disagrees with Textual about a width is wrong either way, differently. And pyte leaves out all that
# follows a mark that is no combining character by its class, where a terminal has it on the cell before.
pyte.screens.wcwidth = _width


class Screen(pyte.Screen):
    """One that does no more than its terminal, TERM, does: it may not repeat, and not erase in colour."""

    last = ""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        term = os.environ.get("TERM", "")
        self.repeats = term in _REPEATS
        self.erases_plain = term in _ERASES_PLAIN
        self._drawn: dict[Char, dict[str, Char]] = {}  # by pen and character

    def draw(self, data: str) -> None:
        """As pyte does, but plain text that stays within its row goes past what pyte looks at for every character."""
        if not data.isascii():
            data = "".join(each for each in data if _width(each) or unicodedata.combining(each))
        self.last = data[-1:]
        cursor = self.cursor
        end = cursor.x + len(data)
        if end >= self.columns or not (data.isascii() and data.isprintable()) or mo.IRM in self.mode:
            super().draw(data)
            return
        pen = cursor.attrs
        known = self._drawn.setdefault(pen, {})
        row = self.buffer[cursor.y]
        for x, character in enumerate(data, cursor.x):
            cell = known.get(character)
            if cell is None:
                cell = known[character] = pen._replace(data=character)
            row[x] = cell
        cursor.x = end
        self.dirty.add(cursor.y)

    def repeat(self, count: int = 1) -> None:
        """REP, ECMA-48 §8.3.103."""
        if self.repeats:
            self.draw(self.last * (count or 1))

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        """Blank cells have a background at most, and no line through or below them."""
        pen = self.cursor.attrs
        self.cursor.attrs = pen._replace(
            underscore=False,
            strikethrough=False,
            reverse=False,
            blink=False,
            bg="default" if self.erases_plain else pen.bg,
        )
        super().erase_in_line(how, private)
        self.cursor.attrs = pen

    def __getitem__(self, y: int) -> list[Char]:
        """The cells of a row."""
        row = self.buffer[y]
        return [row[x] for x in range(self.columns)]


class Stream(pyte.Stream):
    """Takes colours, which most of all sequences are, past pyte's parser, which looks at each character."""

    csi = pyte.Stream.csi | {"b": "repeat"}
    events = pyte.Stream.events | {"repeat"}

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self._screen = screen
        self._pens: dict[tuple[Char, str], Char] = {}

    def feed(self, data: str) -> None:
        """Follow whole sequences."""
        cursor = self._screen.cursor
        place = 0
        for found in _COLOURS.finditer(data):
            if found.start() > place:
                super().feed(data[place : found.start()])
                cursor = self._screen.cursor
            place = found.end()
            step = (cursor.attrs, found[1])
            pen = self._pens.get(step)
            if pen is None:
                self._screen.select_graphic_rendition(*(int(number or 0) for number in found[1].split(";")))
                self._pens[step] = cursor.attrs
            else:
                cursor.attrs = pen
        super().feed(data[place:])


class Terminal:
    def __init__(self, width: int, height: int) -> None:
        self.screen = Screen(width, height)
        self.screen.reset_mode(7, private=True)
        self.stream = Stream(self.screen)

    def wipe(self) -> None:
        """Another program has shown something."""
        self.stream.feed("\x1b[m\x1b[H" + "anything \x1b[41m may \x1b[4mstand\x1b[m here\r\n" * self.screen.lines)


class Compared(App[Any]):
    """Goes before a `Wired` app. `difference` says where the two screens differ first, or what failed."""

    def begin(self, size: tuple[int, int]) -> None:
        """Before it runs."""
        self.stock = Terminal(*size)
        self.ours = Terminal(*size)
        self.frames = 0
        self.cells = 0  # compared
        self.difference = ""
        self.stock_size = 0
        self.channel = Frames(self.ours, self._answer)
        self.skipped = 0  # frames between a loss and the whole frame that makes up for it
        self._lost = False  # has either terminal lost what it showed?
        self._told = True  # does the app know?

    def on_load(self) -> None:
        self.wire: Wire | None = Wire(self.channel, self.console.color_system)  # type: ignore[arg-type]
        self.wire.open = True

    def type(self, sequences: str) -> None:
        """What a keyboard or a mouse sends."""
        assert isinstance(self._driver, EmulatedDriver)
        self._driver.type(sequences)

    def resize_terminals(self, width: int, height: int) -> None:
        for terminal in (self.stock, self.ours):
            terminal.screen.resize(height, width)
        self._lost = True
        self._told = False

    def on_resize(self) -> None:
        self._told = True

    def come_back(self) -> None:
        """Be stopped and go on, as WiredDriver does: something else has been on the screen meanwhile."""
        for terminal in (self.stock, self.ours):
            terminal.wipe()
        self._lost = self._told = True
        if self.wire is not None:
            self.wire.leave()
            self.wire.enter()
            self._answer()
        self.refresh()

    def _answer(self) -> None:
        while self.channel.questions and self.wire:
            self.channel.questions -= 1
            self.wire.answered()

    def unwire(self) -> None:
        self.fail(f"the wire gave way to Textual: {traceback.format_exc()}")
        super().unwire()  # type: ignore[misc]

    def fail(self, why: str) -> None:
        """Keep the first that went wrong."""
        self.difference = self.difference or why

    def _handle_exception(self, error: Exception) -> None:
        self.fail("".join(traceback.format_exception(error)))
        super()._handle_exception(error)

    def _display(self, screen: Any, renderable: Any) -> None:
        if renderable is not None and not self._batch_count and self._running and not self._closed:
            cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
            sequences = renderable.render_segments(self.console) + Control.move_to(*cursor).segment.text
            self.stock_size += len(sequences.encode())
            # What the terminal has no glyph for, Textual by itself would send all the same.
            self.stock.stream.feed(sequences.translate(self.substitutes))
            if isinstance(renderable, LayoutUpdate) and self._told and self._fits(renderable):
                self._lost = False
        super()._display(screen, renderable)
        self._answer()
        self.compare(renderable)

    def _fits(self, renderable: Any) -> bool:
        """Not still painted for the size before."""
        return size_of(renderable) == (self.stock.screen.columns, self.stock.screen.lines)

    def compare(self, renderable: Any) -> None:
        """Do both terminals show the same now?"""
        if renderable is None or self.difference or not self._fits(renderable):
            return
        if self._lost:
            self.skipped += 1
            return
        one, other = self.stock.screen, self.ours.screen
        self.frames += 1
        self.cells += one.columns * one.lines
        if self.wire is not None and self.wire._writer.pending:
            self.fail(f"frame {self.frames}: it is not painted whole, though every question is answered")
        for y in range(one.lines):
            # Rows of equal cells, or else the same once those that were never written are blank.
            if one.buffer[y] != other.buffer[y] and one[y] != other[y]:
                self.fail(_told(self.frames, y, one[y], other[y], renderable))
                return
        at, ours = _place(one.cursor), _place(other.cursor)
        if at != ours:
            self.fail(f"frame {self.frames}: the cursor at row {at[0]}, column {at[1]} is at {ours}")


def _place(cursor: Cursor) -> tuple[int, int]:
    return cursor.y, cursor.x


def _told(frame: int, y: int, stock: list[Char], ours: list[Char], renderable: Any) -> str:
    """What differs in a row, and both rows."""
    different = [x for x, (one, other) in enumerate(zip(stock, ours, strict=True)) if one != other]
    x = different[0]
    rows = ["".join(cell.data for cell in row) for row in (stock, ours)]
    kind = type(renderable).__name__
    return (
        f"frame {frame} ({kind}), row {y}, column {x}, and {len(different) - 1} more cells of that row:\n"
        f"  stock {stock[x]}\n  ours  {ours[x]}\n  stock {rows[0]!r}\n  ours  {rows[1]!r}"
    )


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
