"""Where Textual's frames leave it. The only module that knows names which Textual keeps to itself.

Textual gives each frame to `App._display` as one of two updates: `LayoutUpdate`, strips for every row, or
`ChopsUpdate`, strips for the parts that changed, which it then renders to sequences. `Wired` takes the strips before
that, and `WiredDriver` writes what comes of them. The names that this relies on are listed in `PRIVATE`, which a test
compares with the Textual that is installed. Anything unexpected turns the wire off for good: Textual's own path takes
over with a full repaint.
"""

from __future__ import annotations

import asyncio
import os
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style
from textual import events, messages
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message
from textual.strip import Strip

from pitop.tui.terminal.cells import STUB, spread
from pitop.tui.terminal.channel import Channel
from pitop.tui.terminal.driver import PitopDriver
from pitop.tui.terminal.pace import Pace
from pitop.tui.terminal.pens import PLAIN, Palette, eight
from pitop.tui.terminal.writer import Writer

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.driver import Driver
    from textual.screen import Screen

__all__ = ["PRIVATE", "Wire", "Wired", "WiredDriver"]

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

_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.WINDOWS,
}
# Terminals, by the start of TERM, that erase in the background colour (terminfo: bce).
_COLOURED_ERASE = (
    "xterm",
    "linux",
    "alacritty",
    "contour",
    "foot",
    "konsole",
    "mintty",
    "rxvt",
    "st-",
    "vte",
    "wezterm",
)
# Terminals, by the start of TERM, that have REP. Many more call themselves xterm, so that says nothing.
_REPEAT = ("alacritty", "contour", "foot", "mintty", "wezterm", "xterm-ghostty", "xterm-kitty")
_QUESTION = "\x1b[6n"
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"  # synchronised output
_TYPED = 0.3  # seconds after a key in which a frame is taken to be its effect
_FEW = 8  # rows that a key changes where it does not change the whole screen
_EXTRA = 1024  # bytes of such a frame that may go beyond the window
_STYLES = 4096

R = TypeVar("R")
_Part: TypeAlias = tuple[int, int, Strip, int]  # y, x, strip, and its first cells to show


class Wire:
    """The frames of one app, on their way to one terminal. Used on the event loop only."""

    def __init__(self, channel: Channel, colours: str | None) -> None:
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._system = _SYSTEMS[colours] if colours else ColorSystem.TRUECOLOR
        term = os.environ.get("TERM", "")
        self._coloured_erase = term.startswith(_COLOURED_ERASE)
        self._repeat = term.startswith(_REPEAT)
        self._console = term == "linux" or term.startswith("linux-")
        self._palette = Palette()
        self._pace = Pace()
        self._writer = Writer(0, 0, self._palette)
        self._styles: dict[int, tuple[Style | None, str]] = {
            id(None): (None, PLAIN)
        }  # by id; the style is kept, so that its id stays its own
        self._strips: list[dict[int, tuple[Strip, int]]] = []  # by row and x, what was put there last
        self._ends: list[list[int]] = []  # of the strips of each row
        self._verbatim: dict[int, list[_Part]] = {}  # by row, what was last written there, if any of it as it came
        self._cursor = (0, 0)
        self._timer: asyncio.TimerHandle | None = None
        self._typed = -1.0
        self.open = False  # is the terminal in application mode?
        self.retired = False  # has Textual taken over for good?
        self.substitutes: Mapping[int, str] = {}
        self.give_way: Callable[[], None] = self.leave
        self.synchronised = False
        self._asked = self._heard = 0  # questions and answers since the terminal is ours
        self._deaf = False  # nobody reads what the terminal says
        self._counting = threading.Lock()
        self.all_answered = threading.Event()
        self.all_answered.set()

    # What comes from the app

    def show(self, update: LayoutUpdate | ChopsUpdate, cursor: tuple[int, int]) -> None:
        """Want what `update` has, and the cursor at (y, x)."""
        self._cursor = cursor
        hurried: set[int] | None = set() if monotonic() - self._typed < _TYPED else None
        waiting = self._writer.waiting if hurried is not None else frozenset()
        if isinstance(update, LayoutUpdate):
            parts = self._whole(update)
            width, height = update.region.right, update.region.bottom
        else:
            parts = self._partial(update)
            width, height = update.chop_ends[0][-1], len(update.chop_ends)
        if (self._writer.width, self._writer.height) != (width, height):
            self._resize(width, height)
        put = self._writer.put
        verbatim: dict[int, list[_Part]] = {}
        for part in parts:
            y, x, strip, width = part
            cells = self._cells(strip, width)
            if cells is None or y in verbatim or y in self._verbatim:
                verbatim.setdefault(y, []).append(part)
            elif put(y, x, *cells) and hurried is not None:
                hurried.add(y)
        for y, row in verbatim.items():
            if self._put(y, row) and hurried is not None:
                hurried.add(y)
        if hurried is None:
            self.send()
            return
        # What was waiting already is most likely a figure that changes all the time, and not what the key did.
        fresh = hurried - waiting
        if hurried:
            self._writer.hurry(hurried if len(hurried) <= _FEW else fresh)
        self.send(len(fresh))

    def _put(self, y: int, parts: list[_Part]) -> bool:
        """Want `parts` in row `y`; True where that changes anything."""
        writer = self._writer
        cells = [self._cells(strip, width) for _, _, strip, width in parts]
        if None not in cells:
            self._verbatim.pop(y, None)
            changed = [writer.put(y, part[1], *known) for part, known in zip(parts, cells, strict=True) if known]
            return True in changed
        if self._verbatim.get(y) == parts:
            return False
        self._strips[y].clear()  # the next update has to write all of it again
        self._verbatim[y] = parts
        for (_, x, strip, width), known in zip(parts, cells, strict=True):
            if known is not None:
                writer.put(y, x, *known, beside=True)
            else:
                strip = strip.crop(0, width)
                writer.put_verbatim(y, x, width, self._sequences(strip))
                if not cell_len(strip.text[:1]):  # it joins what stands left of it, each time
                    self._verbatim.pop(y, None)
        return True

    def typed(self) -> None:
        """A key was pressed, or the mouse used."""
        self._typed = monotonic()

    def substitute(self, substitutes: Mapping[int, str]) -> None:
        """Write other characters of the same width from now on."""
        self.substitutes = substitutes
        for known in self._strips:
            known.clear()

    def forget(self) -> None:
        """The terminal may show anything now. What is beside text of no certain width comes with a whole frame."""
        for known in self._strips:
            known.clear()
        self._verbatim.clear()
        self._writer.forget()
        self.send()

    def _whole(self, update: LayoutUpdate) -> Iterator[_Part]:
        left, top = update.region.offset
        for y, strips in enumerate(update.strips, top):
            row, ends, x = [], [], left
            for strip in strips:
                length = strip.cell_length
                row.append((y, x, strip, length))
                x += length
                ends.append(x)
            yield from self._other(y, row, ends)

    def _partial(self, update: ChopsUpdate) -> Iterator[_Part]:
        chops, all_ends = update.chops, update.chop_ends
        for y, x1, x2 in update.spans:
            ends = all_ends[y]
            row = [
                (y, x, strip, min(end, x2) - x)
                for end, (x, strip) in zip(ends, chops[y].items(), strict=True)
                if strip is not None and x < x2 and end > x1
            ]
            yield from self._other(y, row, ends)

    def _other(self, y: int, row: list[_Part], ends: list[int]) -> Iterator[_Part]:
        """Those parts of a row, cut at `ends`, that are not what was put there last."""
        known = self._strips[y]
        if self._ends[y] != ends:
            self._ends[y] = ends
            known.clear()
        for part in row:
            _, x, strip, width = part
            last = known.get(x)
            if last is None or last[1] != width or last[0] != strip:
                known[x] = (strip, width)
                yield part

    def _resize(self, width: int, height: int) -> None:
        self._writer = Writer(width, height, self._palette, coloured_erase=self._coloured_erase, repeat=self._repeat)
        self._strips = [{} for _ in range(height)]
        self._ends = [[] for _ in range(height)]
        self._verbatim.clear()

    def _cells(self, strip: Strip, width: int) -> tuple[str, str] | None:
        """The first `width` cells of `strip` and their pens, or None where it has text of no certain width."""
        styles = self._styles
        line = "".join([text for text, _, _ in strip])
        try:
            drawn = "".join([styles[id(style)][1] * len(text) for text, style, _ in strip])
        except KeyError:
            drawn = "".join([self._pen(style) * len(text) for text, style, _ in strip])
        if not (line.isascii() and line.isprintable()):
            line = line.translate(self.substitutes)
            cells = spread(line)
            if cells is None:
                return None
            if len(cells) != len(line):  # some are wide
                drawn = "".join([self._pen(style) * len(spread(text) or "") for text, style, _ in strip])
                line = cells
        if len(line) > width:
            if line[width] == STUB:
                line = line[: width - 1] + " "
            line, drawn = line[:width], drawn[:width]
        return line, drawn

    def _pen(self, style: Style | None) -> str:
        if style is None:
            return PLAIN
        known = self._styles.get(id(style))
        if known is not None:
            return known[1]
        if len(self._styles) >= _STYLES:
            self._styles.clear()
            self._styles[id(None)] = (None, PLAIN)
        link = f"id={style.link_id};{style.link}" if style.link else ""
        sgr = Strip.render_ansi(style, self._system)
        pen = self._palette.pen(eight(sgr) if self._console else sgr, link)
        self._styles[id(style)] = (style, pen)
        return pen

    def _sequences(self, strip: Strip) -> str:
        plain = [(text.translate(self.substitutes), style) for text, style, _ in strip]
        return "".join(
            text if style is None else Strip.render_style(style, text, self._system) for text, style in plain
        )

    # What goes to the terminal

    def send(self, hurried: int = 0) -> None:
        """Write as much of what is wanted as the line can take now; come back for the rest.

        The first `hurried` rows go even if it can take no more.
        """
        if not self.open or self._channel.backlog:
            return  # once it is open, or has drained, this is called again
        while True:
            now = monotonic()
            room = self._pace.room(now)
            if room <= 0 and (hurried <= 0 or room < -_EXTRA):
                break
            hurried -= 1
            frame = self._writer.paint(max(room, 1), self._cursor)
            if not frame:
                break
            if self.synchronised and len(frame) > 256:
                frame = f"{_BEGIN}{frame}{_END}"
            data = frame.encode("utf-8", "backslashreplace")
            asks = self._pace.asks(len(data))
            self._pace.sent(now, len(data), asks)
            if asks:
                self._ask()
                data += _QUESTION.encode()
            self._channel.write(data)
            if self._channel.backlog or not self._writer.pending:
                break
        if self._writer.pending and not self._channel.backlog and self._timer is None:
            self._timer = self._loop.call_later(self._pace.patience(monotonic()), self._again)

    def enter(self) -> None:
        """The terminal is ours, empty, and its line idle: ask for an answer, to learn how long the way is."""
        if self.retired:
            return
        self.open = True
        self._pace = Pace()
        self._asked = self._heard = 0
        self._deaf = False
        self._ask()
        self._channel.write(_QUESTION.encode())
        self._pace.sent(monotonic(), 0, True)
        self.forget()

    def _ask(self) -> None:
        with self._counting:
            self._asked += 1
            if not self._deaf:
                self.all_answered.clear()

    def heard(self) -> None:
        """An answer is here; on any thread. `answered` follows on the loop, unless that is waiting for this."""
        with self._counting:
            self._heard += 1
            if self._heard >= self._asked:
                self.all_answered.set()

    def answered(self) -> None:
        """The terminal has come as far as the oldest question."""
        self._pace.answered(monotonic())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.go_on()

    def go_on(self) -> None:
        """Send what is waiting; called from the event loop itself, where nobody would catch what goes wrong."""
        try:
            self.send()
        except Exception:
            self.give_way()

    def deafen(self) -> None:
        """No answer will be heard any more; on any thread."""
        with self._counting:
            self._deaf = True
            self.all_answered.set()

    def _again(self) -> None:
        self._timer = None
        self.go_on()

    def leave(self) -> None:
        """The terminal is about to be given back: paint no more."""
        self.open = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def grace(self) -> float:
        """Seconds worth waiting for outstanding answers, which would otherwise be typed into the shell.

        They come behind all that was written, and on a busy machine late; the wait ends with the last of them.
        """
        if self._pace.silent:
            return 0.1
        return min(2.0, 0.5 + 3 * (self._pace.round_trip or 0.0))


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
            wire.show(renderable, (y, x))
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
