"""Where Textual's frames leave it. The only module that knows names which Textual keeps to itself.

Textual gives each frame to `App._display` as one of two updates: `LayoutUpdate`, strips for every row, or
`ChopsUpdate`, strips for the parts that changed, which it then renders to sequences. `Wired` hands the strips to the
wire before that, and `WiredDriver` writes what comes of them. The names that this relies on are listed in `PRIVATE`,
which a test compares with the Textual that is installed. Anything unexpected turns the wire off for good: Textual's own
path takes over with a full repaint.
"""

from __future__ import annotations

import asyncio
import sys
import termios
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from textual import events, messages
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message
from textual.widgets import Input

from pitop.tui.terminal.channel import Channel
from pitop.tui.terminal.driver import PitopDriver
from pitop.tui.terminal.wire import Row, Wire

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.driver import Driver
    from textual.screen import Screen

__all__ = ["PRIVATE", "Wired", "WiredDriver", "rows_of", "size_of"]

PRIVATE = {
    "App": ("_display", "_batch_count", "_closed", "_running"),
    "ChopsUpdate": ("chops", "spans", "chop_ends"),
    "LayoutUpdate": ("strips", "region"),
    "LinuxDriver": (
        "write",
        "process_message",
        "start_application_mode",
        "stop_application_mode",
        "disable_input",
        "_sigtstp_application",
        "_sigcont_application",
    ),
}
"""What is used of Textual beyond its documentation: class, and attributes."""

R = TypeVar("R")


def size_of(update: LayoutUpdate | ChopsUpdate) -> tuple[int, int]:
    """Width and height of the screen that an update is for."""
    if isinstance(update, LayoutUpdate):
        return update.region.right, update.region.bottom
    return update.chop_ends[0][-1], len(update.chop_ends)


def rows_of(update: LayoutUpdate | ChopsUpdate) -> Iterator[Row]:
    """The rows that an update has anything of."""
    if isinstance(update, LayoutUpdate):
        left, top = update.region.offset
        for y, strips in enumerate(update.strips, top):
            row, ends, x = [], [], left
            for strip in strips:
                length = strip.cell_length
                row.append((y, x, strip, length))
                x += length
                ends.append(x)
            yield y, row, ends
        return
    chops, all_ends = update.chops, update.chop_ends
    for y, x1, x2 in update.spans:
        ends = all_ends[y]
        row = [
            (y, x, strip, min(end, x2) - x)
            for end, (x, strip) in zip(ends, chops[y].items(), strict=True)
            if strip is not None and x < x2 and end > x1
        ]
        yield y, row, ends


class WiredDriver(PitopDriver):
    """The driver, writing through a channel that never blocks, and telling the wire of answers and keys."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        self._event_loop = asyncio.get_running_loop()
        self._stopped = False
        self.wire: Wire | None = None
        super().__init__(app, **options)
        self.channel: Channel | None = None
        if not isinstance(app, Wired) or not app.wired:
            return
        try:
            assert sys.__stderr__ is not None
            self.channel = Channel(sys.__stderr__.fileno(), self._watch)
        except (OSError, AssertionError):
            return  # not our terminal: Textual knows what to do
        self.wire = app.wire = Wire(self.channel, app.console.color_system)
        self.wire.give_way = app.unwire
        self.wire.substitutes = app.substitutes

    def _watch(self, on: bool) -> None:
        self._event_loop.call_soon_threadsafe(self._set_watch, on)

    def _set_watch(self, on: bool) -> None:
        assert self.channel is not None
        if on and self.channel.backlog:
            self._event_loop.add_writer(self.channel.fileno, self._writable)
        else:
            self._event_loop.remove_writer(self.channel.fileno)

    def _writable(self) -> None:
        assert self.channel is not None
        self.channel.resume()
        if self.wire is not None and not self.channel.backlog:
            self.wire.go_on()

    # Textual's own handlers write at once, in the middle of whatever the main thread is doing: of another write, too,
    # which holds the lock that theirs would wait for. These have the event loop do it.

    def _sigtstp_application(self, *_: object) -> None:
        self._event_loop.call_soon_threadsafe(self._stop)

    def _sigcont_application(self, *_: object) -> None:
        self._event_loop.call_soon_threadsafe(self._continue)

    def _stop(self) -> None:
        self._stopped = True
        super()._sigtstp_application()

    def _continue(self) -> None:
        if self._stopped:
            self._stopped = False
            super()._sigcont_application()
        elif self._taken():  # it was stopped in a way that nobody is told of, and the shell had the terminal
            self.suspend_application_mode()
            self.resume_application_mode()
        elif self.wire is not None:
            self.wire.forget()

    def _taken(self) -> bool:
        """Is the terminal in a shell's hands, which reads lines? Not, where it has hung up."""
        try:
            return bool(termios.tcgetattr(self.fileno)[3] & termios.ICANON)
        except termios.error:
            return False

    def write(self, data: str) -> None:
        """Write sequences after all that went before."""
        if self.channel is None:
            super().write(data)
        else:
            self.channel.write(data.encode("utf-8", "backslashreplace"))

    def process_message(self, message: Message) -> None:
        """Look at what the terminal says, on the input thread."""
        if self.wire is not None:
            if isinstance(message, events.CursorPosition):
                self.wire.heard()
                self._event_loop.call_soon_threadsafe(self.wire.answered)
                return
            if isinstance(message, events.Key | events.MouseEvent | events.Paste):
                self.wire.typed()
            elif isinstance(message, messages.TerminalSupportsSynchronizedOutput):
                self.wire.synchronised = True
        super().process_message(message)

    def run_input_thread(self) -> None:
        """Read until there is nothing more to be heard, be it that the terminal is gone."""
        try:
            super().run_input_thread()
        finally:
            if self.wire is not None:
                self.wire.deafen()

    def start_application_mode(self) -> None:
        """Take the terminal, which may show anything."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self.wire is not None:
            self.wire.enter()
            self._event_loop.call_soon_threadsafe(self._app.refresh)

    def disable_input(self) -> None:
        """Stop reading, once the terminal's answers have come in."""
        if self.wire is not None:
            self.wire.leave()
            self.wire.all_answered.wait(self.wire.grace)
            self.wire.deafen()
        super().disable_input()

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was."""
        super().stop_application_mode()
        if self.channel is not None:
            self.channel.drain(2.0)


class Wired(App[R], Generic[R]):
    """An app whose frames go down the wire as differences of cells.

    `wired` is an app's, or its user's, choice: False leaves everything to Textual. It is read when the app starts.
    `substitutes` says what is written in place of a character that the terminal has no glyph for.
    """

    wired = True
    wire: Wire | None = None
    substitutes: Mapping[int, str] = {}

    def get_driver_class(self) -> type[Driver]:
        """The driver that knows the wire, where Textual would take the Linux one."""
        driver = super().get_driver_class()
        return WiredDriver if driver is LinuxDriver else driver

    def on_resize(self, event: events.Resize) -> None:
        """The terminal has moved its cells about, though it may be of the size again that Textual holds it to be."""
        if self.wire is not None:
            self.wire.forget()
            self.screen.refresh()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        wire = self.wire
        if wire is None or renderable is None or self._batch_count or not self._running or self._closed:
            super()._display(screen, renderable)
            return
        try:
            if not isinstance(renderable, LayoutUpdate | ChopsUpdate):
                raise TypeError(f"an update of type {type(renderable).__name__}")
            x, y = self.screen.outer_size.clamp_offset(self.cursor_position)
            focused = self.focused
            line = focused.region.y if isinstance(focused, Input) else None
            wire.show(rows_of(renderable), size_of(renderable), (y, x), line)
        except Exception as error:
            self.log.error("The wire gives way to Textual:", error)
            self.unwire()
            super()._display(screen, renderable)
        else:
            self.post_display_hook()

    def unwire(self) -> None:
        """Leave the frames to Textual from now on."""
        wire, self.wire = self.wire, None
        if wire is not None:
            wire.retired = True
            wire.leave()
            self.screen.refresh()
