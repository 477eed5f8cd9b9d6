"""The terminal's side of the wire: a screen that follows a program's output, and answers to what programs ask.

The sequences are those of ECMA-48 and of xterm's ctlseqs. pyte draws; what pyte does not know, or would take for
something else, is kept from it here.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass

import pyte
from pyte.screens import Char

__all__ = ["Answers", "Bar", "Screen"]

_SEQUENCE = re.compile(
    r"\x1b\[(?P<private>[<=>?]?)(?P<numbers>[0-9;:]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    r"|\x1b[PX^_](?:[^\x1b]|\x1b(?!\\))*\x1b\\"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
)
_UNFINISHED = re.compile(
    r"\x1b(?:\[[<=>?]?[0-9;:]*[ -/]*|\][^\x07\x1b]*\x1b?|[PX^_](?:[^\x1b]|\x1b(?!\\))*|[()*+#% ])?\Z"
)
_ARROWS = {"up": b"A", "down": b"B", "right": b"C", "left": b"D"}
_DECCKM = 1 << 5  # private mode 1 as pyte keeps it
_BAR = 0.2  # of a row's width: what is coloured over more than that is a bar


@dataclass(frozen=True, slots=True)
class Bar:
    """A row that is coloured over much of its width, as a selection is."""

    row: int
    background: str
    reverse: bool


class Screen:
    """What a terminal of `columns` × `lines` shows."""

    def __init__(self, columns: int, lines: int) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self._screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""  # the beginning of a sequence whose end is not here yet
        self._last = " "  # the last character that was printed, for REP
        self.columns = columns
        self.lines = lines

    def feed(self, data: bytes) -> None:
        """Follow more of the program's output."""
        text = self._held + self._decoder.decode(data)
        unfinished = _UNFINISHED.search(text)
        end = unfinished.start() if unfinished else len(text)
        self._held = text[end:]
        position = 0
        for found in _SEQUENCE.finditer(text, 0, end):
            self._print(text[position : found.start()])
            if found["final"]:
                self._control(found)
            position = found.end()
        self._print(text[position:end])

    def rows(self) -> list[str]:
        """The text, row by row."""
        return [str(row) for row in self._screen.display]

    def cells(self) -> list[list[Char]]:
        """Every cell, row by row: `data` and its attributes. The right half of a wide character has no data."""
        buffer = self._screen.buffer
        return [[buffer[row][column] for column in range(self.columns)] for row in range(self.lines)]

    def keys(self, name: str) -> bytes:
        """What a key sends: an arrow by its name as the program has asked for them (DECCKM), a text as it is."""
        if name not in _ARROWS:
            return name.encode()
        return (b"\x1bO" if _DECCKM in self._screen.mode else b"\x1b[") + _ARROWS[name]

    def bars(self) -> tuple[Bar, ...]:
        """The rows with a background of their own: when a selection moves, these change."""
        bars = []
        for number, row in enumerate(self.cells()):
            styles = Counter((cell.bg, cell.reverse) for cell in row)
            styles.pop(("default", False), None)
            for (background, reverse), cells in styles.most_common(1):
                if cells >= _BAR * self.columns:
                    bars.append(Bar(number, background, reverse))
        return tuple(bars)

    def _print(self, text: str) -> None:
        if text:
            self._stream.feed(text)
            if text[-1].isprintable():
                self._last = text[-1]

    def _control(self, found: re.Match[str]) -> None:
        private, numbers, between, final = found["private"], found["numbers"], found["between"], found["final"]
        if between or private in tuple("<=>") or (private and final not in "hl"):
            return  # queries, keyboard protocols, cursor shapes: nothing that shows
        count = int(numbers) if numbers.isdigit() else 1
        if final == "b":
            self._print(self._last * count)
        elif final == "S":
            self._scroll(count, up=True)
        elif final == "T":
            self._scroll(count, up=False)
        else:
            self._stream.feed(found[0])

    def _scroll(self, count: int, up: bool) -> None:
        margins, cursor = self._screen.margins, self._screen.cursor
        row, column = cursor.y, cursor.x
        if up:
            cursor.y = margins.bottom if margins else self.lines - 1
        else:
            cursor.y = margins.top if margins else 0
        for _ in range(count):
            if up:
                self._screen.index()
            else:
                self._screen.reverse_index()
        cursor.y, cursor.x = row, column


_MODES = {b"7": 1, b"25": 1, b"1049": 2, b"2004": 2, b"2026": 2}  # 1 set, 2 reset; all others 0, not recognised


class Answers:
    """What an xterm of today answers to the questions in a program's output, so that none waits for a timeout."""

    _ASKED = re.compile(
        rb"\x1b\[(?P<device>[>=]?)0?c|\x1b\[(?P<status>\??)(?P<report>[56])n|\x1b\[\?(?P<mode>\d+)\$p"
        rb"|\x1b\[(?P<keyboard>\?u)|\x1b\[>0?(?P<version>q)|\x1b\](?P<colour>1[012]);\?(?:\x07|\x1b\\)"
        rb"|\x1b\[(?P<window>1[468])t"
    )

    def __init__(self, columns: int, lines: int) -> None:
        self._columns = columns
        self._lines = lines
        self._tail = b""

    def to(self, data: bytes) -> bytes:
        """The answer to `data`; empty where nothing was asked."""
        text = self._tail + data
        answers = []
        position = 0
        for asked in self._ASKED.finditer(text):
            answers.append(self._answer(asked))
            position = asked.end()
        escape = text.rfind(b"\x1b", max(position, len(text) - 16))
        self._tail = text[escape:] if escape >= 0 else b""
        return b"".join(answers)

    def _answer(self, asked: re.Match[bytes]) -> bytes:
        if asked["report"]:
            return b"\x1b[0n" if asked["report"] == b"5" else b"\x1b[" + asked["status"] + b"1;1R"
        if asked["mode"]:
            return b"\x1b[?%s;%d$y" % (asked["mode"], _MODES.get(asked["mode"], 0))
        if asked["keyboard"]:
            return b"\x1b[?0u"
        if asked["version"]:
            return b"\x1bP>|XTerm(390)\x1b\\"
        if asked["colour"]:
            return b"\x1b]%s;rgb:%s\x1b\\" % (
                asked["colour"],
                b"0000/0000/0000" if asked["colour"] == b"11" else b"cccc/cccc/cccc",
            )
        if asked["window"]:
            width, height = (9, 18) if asked["window"] != b"18" else (1, 1)
            if asked["window"] == b"16":
                return b"\x1b[6;18;9t"
            kind = b"4" if asked["window"] == b"14" else b"8"
            return b"\x1b[%s;%d;%dt" % (kind, height * self._lines, width * self._columns)
        return b"\x1b[>41;390;0c" if asked["device"] else b"\x1b[?62;22c"
