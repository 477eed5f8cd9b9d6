"""From the cells that the terminal shows to the cells that are wanted, in as few bytes as can be.

Pure: no terminal, no clock. Sequences are those of ECMA-48 that VT100 descendants, the Linux console, tmux and screen
share: CUP, CUU, CUD, CUF, CUB, CHA, EL, SGR; REP, and moving rows, only where the terminal is known to be able to. The
cursor may rest in the last column with a wrap pending, so nothing relative follows a write there.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from operator import ne, or_
from typing import TypeAlias

from pitop.tui.terminal.cells import STUB, UNKNOWN
from pitop.tui.terminal.pens import PLAIN, Palette
from pitop.tui.terminal.shift import found

__all__ = ["Writer", "move"]

_BRIDGE = 4  # unchanged cells that are rewritten rather than stepped over: CSI n C takes 4 bytes
_BLANK = " " * 4  # is erased rather than written: EL takes 3 bytes
_NEAR = 12  # cells that are compared one by one rather than halved
_FEW = 4  # rows: fewer are soon written, whether they have moved or not
_MOVE = 8  # bytes that going elsewhere takes, at most times
_REPEAT = 12  # equal characters that are repeated rather than written: REP takes 4 bytes, and the character

_Span: TypeAlias = tuple[int, int]  # from x, to before x
_Stroke: TypeAlias = tuple[str, int, int, int]  # pen, y, from x, to before x

_nonzero = re.compile(rb"[^\0]+").finditer
_strokes = re.compile(r"(.)\1*", re.DOTALL).finditer
_repeat = re.compile(rf"([ -~])\1{{{_REPEAT - 1},}}").sub


@lru_cache(8192)
def move(y: int, x: int, to_y: int, to_x: int) -> str:
    """The shortest sequence from cell (y, x) to (to_y, to_x), counted from 0; y or x below 0 is not known."""
    if (y, x) == (to_y, to_x):
        return ""
    there = f"\x1b[{to_y + 1};{to_x + 1}H" if to_x else f"\x1b[{to_y + 1}H" if to_y else "\x1b[H"
    if y < 0 or x < 0:
        return there
    return min(there, _vertical(to_y - y) + _horizontal(x, to_x), key=len)


def _vertical(distance: int) -> str:
    return _steps(distance, "B") if distance > 0 else _steps(-distance, "A") if distance else ""


def _horizontal(x: int, to_x: int) -> str:
    if to_x == x:
        return ""
    if to_x == 0:
        return "\r"
    if to_x > x:
        return _steps(to_x - x, "C")
    ways = [_steps(x - to_x, "D"), f"\x1b[{to_x + 1}G"]
    if x - to_x <= 4:
        ways.append("\b" * (x - to_x))
    return min(ways, key=len)


def _steps(count: int, final: str) -> str:
    return f"\x1b[{final}" if count == 1 else f"\x1b[{count}{final}"


class Writer:
    """The screen as it is wanted, as the terminal shows it, and the way from one to the other.

    `coloured_erase`: the terminal erases in the background colour. `repeat`: it has REP. `shifts`: it moves rows.
    """

    def __init__(
        self,
        width: int,
        height: int,
        palette: Palette,
        *,
        coloured_erase: bool = False,
        repeat: bool = False,
        shifts: bool = False,
    ) -> None:
        self.width = width
        self.height = height
        self._palette = palette
        self._coloured_erase = coloured_erase
        self._repeat = repeat
        self._shifts = shifts
        self.moved_rows = False  # whether what was painted last had the terminal move any
        self._text = [UNKNOWN * width] * height  # wanted
        self._pens = [PLAIN * width] * height
        self._shown_text = list(self._text)
        self._shown_pens = list(self._pens)
        self._dirty: dict[int, None] = {}  # rows to look at, in the order in which they are to be painted
        self._verbatim: dict[int, dict[int, tuple[int, str]]] = {}  # row: x: width in cells, sequences
        self._erasable: dict[str, bool] = {}
        self._pen = PLAIN  # the terminal's
        self._at = (-1, -1)  # where the terminal's cursor is, as far as known

    @property
    def pending(self) -> bool:
        """Is there something wanted that the terminal does not show yet?"""
        return bool(self._dirty)

    @property
    def waiting(self) -> frozenset[int]:
        """The rows in which there is."""
        return frozenset(self._dirty)

    def forget(self) -> None:
        """Nothing is known of the terminal any more: paint all that is wanted again.

        What was put verbatim has to be put again.
        """
        self._shown_text = [UNKNOWN * self.width] * self.height
        self._shown_pens = [PLAIN * self.width] * self.height
        self._dirty = dict.fromkeys(range(self.height))
        self._at = (-1, -1)

    def put(self, y: int, x: int, text: str, pens: str, *, beside: bool = False) -> bool:
        """Want the cells `text`, drawn by `pens`, from (y, x) on. True where that changes what is wanted.

        Cells beyond the screen's right edge are dropped. `beside`: something is put verbatim into the same row, which
        may reach in here, so that these cells have to be written even if they are as they were.
        """
        room = self.width - x
        if len(text) > room:
            text, pens = text[:room], pens[:room]
        end = x + len(text)
        row, drawn = self._text[y], self._pens[y]
        if beside:
            shown = self._shown_text[y]
            self._shown_text[y] = shown[:x] + UNKNOWN * (end - x) + shown[end:]
        elif text == row[x:end] and pens == drawn[x:end]:
            return False
        self._replace(y, x, end, text, pens)
        return True

    def put_verbatim(self, y: int, x: int, width: int, sequences: str) -> None:
        """Want `sequences` written from (y, x) on as they are, because nobody knows for certain which cells they take.

        They start with the plain pen and end in it, and take about `width` cells. What stands left of them is written
        before, what stands right of them after them; then nothing is known of the row.
        """
        end = min(x + width, self.width)
        self._replace(y, x, end, UNKNOWN * (end - x), PLAIN * (end - x))
        self._verbatim.setdefault(y, {})[x] = (width, sequences)

    def _replace(self, y: int, x: int, end: int, text: str, pens: str) -> None:
        row, drawn = self._text[y], self._pens[y]
        if STUB in row:
            row = _unpaired(row, x, end)
        self._text[y] = row[:x] + text + row[end:]
        self._pens[y] = drawn[:x] + pens + drawn[end:]
        self._dirty[y] = None
        if y in self._verbatim:
            parts = self._verbatim[y]
            for start in [start for start, (width, _) in parts.items() if x <= start and start + width <= end]:
                del parts[start]

    def hurry(self, rows: set[int]) -> None:
        """Paint `rows` before all others."""
        first = [y for y in self._dirty if y in rows]
        if first and len(first) < len(self._dirty):
            self._dirty = dict.fromkeys([*first, *self._dirty])

    def paint(self, budget: int = 1 << 30, cursor: tuple[int, int] | None = None) -> str:
        """The sequences that make the terminal show what is wanted, and leave the cursor at `cursor`.

        Rows are taken until these come to about `budget` characters; the rest is `pending`. They start from the
        plain pen and return to it. `cursor` is (y, x).
        """
        parts: list[str] = []
        strokes: list[_Stroke] = []
        size = done = 0
        change = self._palette.change
        self.moved_rows = self._shifts and len(self._dirty) >= _FEW and self._shift(parts)
        for y in self._dirty:
            done += 1
            if y in self._verbatim:
                size += self._verbatim_row(y, parts)
            else:
                first = max(0, len(strokes) - 1)
                size += self._strokes(y, self._changed(y), strokes)
                size += sum(len(change(old[0], new[0])) for old, new in pairwise(strokes[first:]) if old[0] != new[0])
            if size >= budget:
                break
        if done == len(self._dirty):
            self._dirty.clear()
        else:
            for y in list(self._dirty)[:done]:
                del self._dirty[y]
        self._draw(self._arranged(strokes), parts)
        self._take(PLAIN, parts)
        if cursor is not None:
            parts.append(move(*self._at, *cursor))
            self._at = cursor
        return "".join(parts)

    def _shift(self, parts: list[str]) -> bool:
        """Have the terminal move rows where that saves writing them; whether it does."""
        blank = " " * self.width
        shown = list(zip(self._shown_text, self._shown_pens, strict=True))
        wanted = list(zip(self._text, self._pens, strict=True))
        shift = found(shown, wanted, self._dirty, (blank, PLAIN * self.width))
        if shift is None or any(shift.top <= y < shift.bottom for y in self._verbatim):
            return False
        self._shown_text = shift.moved(self._shown_text, blank)
        self._shown_pens = shift.moved(self._shown_pens, PLAIN * self.width)
        parts.append(shift.sequence)
        self._at = (-1, -1)
        self._dirty |= dict.fromkeys(range(shift.top, shift.bottom))
        return True

    def _changed(self, y: int) -> list[_Span]:
        """The cells of row `y` that are to be written; from now on they count as shown."""
        old, new = self._shown_text[y], self._text[y]
        drawn, pens = self._shown_pens[y], self._pens[y]
        self._shown_text[y] = new
        self._shown_pens[y] = pens
        try:
            different = _bits(old) ^ _bits(new)
            if pens != drawn:
                different |= _bits(drawn) ^ _bits(pens)
        except UnicodeEncodeError:
            start, end = _differing(old, new)
            if pens != drawn:
                left, right = _differing(drawn, pens)
                start, end = (min(start, left), max(end, right)) if start < end else (left, right)
            pairs = map(or_, map(ne, old[start:end], new[start:end]), map(ne, drawn[start:end], pens[start:end]))
            spans = [(start + found.start(), start + found.end()) for found in _nonzero(bytes(pairs))]
        else:
            spans = [found.span() for found in _nonzero(different.to_bytes(self.width, "little"))]
        if UNKNOWN in new:
            spans = [(x, x + 1) for start, end in spans for x in range(start, end) if new[x] != UNKNOWN]
        return spans

    def _strokes(self, y: int, changed: list[_Span], strokes: list[_Stroke]) -> int:
        """Append what writes the `changed` cells of row `y`, and few others between them; about how many bytes."""
        if not changed:
            return 0
        text, pens = self._text[y], self._pens[y]
        size = begin = 0
        last = -_BRIDGE - 1  # the end of the stroke at hand, which began at `begin`
        pen = ""
        for start, end in changed:
            if text[start] == STUB and start:
                start -= 1
            if end < self.width and text[end] == STUB:
                end += 1
            if (
                start - last > _BRIDGE
                or pens.count(pen, last, end) != end - last
                or (start > last and UNKNOWN in text[last:start])
            ):
                if pen:
                    strokes.append((pen, y, begin, last))
                    size += last - begin + _MOVE
                start = max(start, last)
                pen = pens[start]
                begin = start
                if pens.count(pen, start, end) != end - start:
                    for stroke in _strokes(pens, start, end):
                        if stroke[1] != pen:
                            strokes.append((pen, y, begin, stroke.start()))
                            size += stroke.start() - begin + _MOVE
                            begin, pen = stroke.start(), stroke[1]
            last = end
        strokes.append((pen, y, begin, last))
        return size + last - begin + _MOVE

    def _arranged(self, strokes: list[_Stroke]) -> list[_Stroke]:
        """The strokes by pen where changing pens takes more bytes than going about the screen, else by row."""
        change = self._palette.change
        pens = [stroke[0] for stroke in strokes]
        changes = [len(change(old, new)) for old, new in pairwise(pens) if old != new]
        return sorted(strokes) if sum(changes) > _MOVE * len(changes) else strokes

    def _draw(self, strokes: list[_Stroke], parts: list[str]) -> None:
        at_y, at_x = self._at
        append = parts.append
        for pen, y, start, end in strokes:
            if at_y != y or at_x != start:
                append(move(at_y, at_x, y, start))
            if pen != self._pen:
                self._take(pen, parts)
            piece = self._text[y][start:end]
            at_y, at_x = y, end
            if end == self.width:
                if piece.endswith(_BLANK) and self._erases(pen):
                    bare = piece.rstrip(" ")
                    piece = bare + "\x1b[K"
                    at_x = start + len(bare)
                else:
                    at_y = at_x = -1
            if STUB in piece:
                piece = piece.replace(STUB, "")
            if self._repeat and len(piece) >= _REPEAT:
                piece = _repeat(_repeated, piece)
            append(piece)
        self._at = (at_y, at_x)

    def _verbatim_row(self, y: int, parts: list[str]) -> int:
        changed = self._changed(y)
        start = len(parts)
        strokes: list[_Stroke] = []
        for x, (_, sequences) in sorted(self._verbatim.pop(y).items()):
            self._strokes(y, [span for span in changed if span[0] < x], strokes)
            changed = [span for span in changed if span[0] >= x]
            self._draw(strokes, parts)
            strokes.clear()
            self._take(PLAIN, parts)
            parts += (move(-1, -1, y, x), sequences)
            self._at = (-1, -1)
        self._strokes(y, changed, strokes)
        self._draw(strokes, parts)
        self._text[y] = self._shown_text[y] = UNKNOWN * self.width
        self._pens[y] = self._shown_pens[y] = PLAIN * self.width
        return sum(map(len, parts[start:]))

    def _take(self, pen: str, parts: list[str]) -> None:
        if pen != self._pen:
            parts.append(self._palette.change(self._pen, pen))
            self._pen = pen

    def _erases(self, pen: str) -> bool:
        erases = self._erasable.get(pen)
        if erases is None:
            erases = self._erasable[pen] = self._palette.erases(pen, coloured=self._coloured_erase)
        return erases


def _repeated(match: re.Match[str]) -> str:
    return f"{match[1]}\x1b[{len(match[0]) - 1}b"


def _bits(row: str) -> int:
    """A row as a number, a byte a cell. Raises UnicodeEncodeError where that is not enough."""
    return int.from_bytes(row.encode("latin-1"), "little")


def _differing(old: str, new: str) -> tuple[int, int]:
    """From where to where two strings of the same length may differ, to within a few characters; slices are quick."""
    if old == new:
        return 0, 0
    start, end = 0, len(new)
    last = end
    while last - start > _NEAR:
        middle = (start + last) // 2
        if old[start:middle] == new[start:middle]:
            start = middle
        else:
            last = middle
    first = start
    while end - first > _NEAR:
        middle = (first + end) // 2
        if old[middle:end] == new[middle:end]:
            end = middle
        else:
            first = middle
    return start, end


def _unpaired(row: str, start: int, end: int) -> str:
    """`row` without the halves that are left of wide characters when the cells from `start` to `end` are overwritten.

    What a terminal leaves there differs.
    """
    if start and row[start] == STUB:
        row = row[: start - 1] + UNKNOWN + row[start:]
    if end < len(row) and row[end] == STUB:
        row = row[:end] + UNKNOWN + row[end + 1 :]
    return row
