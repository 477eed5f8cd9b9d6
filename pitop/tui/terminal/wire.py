"""An app's frames on their way to a terminal: strips in, the fewest bytes out, no more than the line can take."""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import monotonic
from typing import TypeAlias

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

from pitop.tui.terminal.cells import STUB, spread
from pitop.tui.terminal.channel import Channel
from pitop.tui.terminal.pace import Pace
from pitop.tui.terminal.pens import PLAIN, Palette, eight
from pitop.tui.terminal.writer import Writer

__all__ = ["Part", "Row", "Wire"]

Part: TypeAlias = tuple[int, int, Strip, int]
"""A piece of a row: y, x, a strip, and how many of its first cells are shown."""

Row: TypeAlias = tuple[int, Sequence[Part], list[int]]
"""What is new of row y: its pieces, and where all pieces of the row end."""

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
# Terminals, by the start of TERM, that move rows: all that descend from VT102 do, but not all names are known.
_SHIFTS = (
    *_COLOURED_ERASE,
    "eterm",
    "ms-terminal",
    "putty",
    "screen",
    "tmux",
    "vt102",
    "vt2",
    "vt3",
    "vt4",
    "vt510",
    "vt520",
)
_SGR = re.compile(r"\x1b\[([0-9;]*)m")
_QUESTION = "\x1b[6n"
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"  # synchronised output
_TYPED = 0.3  # seconds after a key in which a frame is taken to be its effect
_HELD = 0.06  # seconds after a key that what is waiting for room leaves that to its effect
_FREE = 0.2  # seconds from then on in which a key that is held down holds nothing up
_FEW = 8  # rows that a key changes where it does not change the whole screen
_BUSY = 3.0  # seconds after a change without a key in which a row is likely to change without one again
_EXTRA = 1024  # bytes of such a frame that may go beyond the window
_STYLES = 4096


class Wire:
    """The frames of one app, on their way to one terminal. Used on the event loop only."""

    def __init__(self, channel: Channel, colours: str | None) -> None:
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._system = _SYSTEMS[colours] if colours else ColorSystem.TRUECOLOR
        term = os.environ.get("TERM", "")
        self._abilities = {
            "coloured_erase": term.startswith(_COLOURED_ERASE),
            "repeat": term.startswith(_REPEAT),
            "shifts": term.startswith(_SHIFTS),
        }
        self._console = term == "linux" or term.startswith("linux-")
        self._palette = Palette()
        self._pace = Pace()
        self._writer = Writer(0, 0, self._palette)
        self._styles: dict[int, tuple[Style | None, str]] = {
            id(None): (None, PLAIN)
        }  # by id; the style is kept, so that its id stays its own
        self._strips: list[dict[int, tuple[Strip, int]]] = []  # by row and x, what was put there last
        self._ends: list[list[int]] = []  # of the strips of each row
        self._busy: list[float] = []  # by row, when it last changed without a key
        self._verbatim: dict[int, list[Part]] = {}  # by row, what was last written there, if any of it as it came
        self._cursor = (0, 0)
        self._timer: asyncio.TimerHandle | None = None
        self._typed = self._held = -1.0
        self._line, self._line_time = -1, -_TYPED  # where text was typed last, and when that was shown last
        self._short = False  # was anything left for want of room?
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

    def show(
        self, rows: Iterable[Row], size: tuple[int, int], cursor: tuple[int, int], line: int | None = None
    ) -> None:
        """Want `rows` on a screen of `size` (width, height), and the cursor at (y, x). In row `line` text is typed."""
        self._cursor = cursor
        now = monotonic()
        if line is not None:
            self._line, self._line_time = line, now
        waiting = self._writer.waiting
        if (self._writer.width, self._writer.height) != size:
            self._resize(*size)
        put = self._writer.put
        verbatim: dict[int, list[Part]] = {}
        changed: set[int] = set()
        for row in rows:
            for part in self._other(*row):
                y, x, strip, width = part
                cells = self._cells(strip, width)
                if cells is None or y in verbatim or y in self._verbatim:
                    verbatim.setdefault(y, []).append(part)
                elif put(y, x, *cells):
                    changed.add(y)
        for y, parts in verbatim.items():
            if self._put(y, parts):
                changed.add(y)
        if now - self._typed < _TYPED:
            self.send(self._hurry(changed, waiting, now))
            return
        for y in changed:
            self._busy[y] = now
        self.send()

    def _hurry(self, changed: set[int], waiting: frozenset[int], now: float) -> int:
        """Have the rows painted first that a key has most likely changed; how many are to go at once."""
        if changed:
            self._held = now  # what the key has done is here
        fresh = changed - waiting  # those that were waiting already have most likely figures that change all the time
        typed = changed & {self._line} if now - self._line_time < _TYPED else set()  # whatever waits in that row
        fresh |= typed
        if len(changed) <= _FEW:
            self._writer.hurry(changed)
            self._writer.hurry(fresh)
            self._writer.hurry(typed)
            return len(fresh)
        calm = typed | {y for y in fresh if now - self._busy[y] > _BUSY}
        for y in changed:
            if now - self._busy[y] <= _BUSY:
                self._busy[y] = now
        self._writer.hurry(fresh)
        self._writer.hurry(calm)
        self._writer.hurry(typed)
        return len(calm or fresh)

    def _put(self, y: int, parts: list[Part]) -> bool:
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
        """A key was pressed, or the mouse used; on any thread."""
        self._typed = now = monotonic()
        if self._short and now > self._held + _FREE:
            self._held = now + _HELD

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

    def _other(self, y: int, row: Sequence[Part], ends: list[int]) -> Iterator[Part]:
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
        self._writer = Writer(width, height, self._palette, **self._abilities)
        self._strips = [{} for _ in range(height)]
        self._ends = [[] for _ in range(height)]
        self._busy = [-_BUSY] * height
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
        """The strip as Textual writes it, but for the glyphs and colours that this terminal has not."""
        plain = [(text.translate(self.substitutes), style) for text, style, _ in strip]
        written = "".join(
            text if style is None else Strip.render_style(style, text, self._system) for text, style in plain
        )
        return _SGR.sub(lambda found: f"\x1b[{eight(found[1])}m", written) if self._console else written

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
            if room < -_EXTRA or (hurried <= 0 and (room <= 0 or now < self._held)):
                break
            hurried -= 1
            frame = self._writer.paint(max(room, 1), self._cursor)
            if not frame:
                break
            if self.synchronised and (len(frame) > 256 or self._writer.moved_rows):
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
        self._short = self._writer.pending
        if self._short and not self._channel.backlog and self._timer is None:
            now = monotonic()
            wait = self._pace.patience(now)
            self._timer = self._loop.call_later(min(wait, self._held - now) if now < self._held else wait, self._again)

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
