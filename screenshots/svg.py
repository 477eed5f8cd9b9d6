"""A terminal's screen as SVG.

Letters are text in a monospaced font. Lines, blocks and braille are drawn as shapes, so that they meet at the cells'
edges whatever the font, as terminals draw them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from pyte.screens import Char

__all__ = ["svg"]

_FONT_SIZE = 14.0
_WIDTH = _FONT_SIZE * 1233 / 2048  # the advance of DejaVu Sans Mono
_HEIGHT = 18.0
_BASELINE = 13.5
_PADDING = 10.0
_FONTS = "'DejaVu Sans Mono', Menlo, 'Liberation Mono', monospace"
_FOREGROUND, _BACKGROUND = "d4d4d4", "121212"

# As xterm numbers them; pyte calls yellow brown.
_NAMED = {
    "black": "000000",
    "red": "cd3131",
    "green": "0dbc79",
    "brown": "e5e510",
    "blue": "2472c8",
    "magenta": "bc3fbc",
    "cyan": "11a8cd",
    "white": "e5e5e5",
    "brightblack": "666666",
    "brightred": "f14c4c",
    "brightgreen": "23d18b",
    "brightbrown": "f5f543",
    "brightyellow": "f5f543",
    "brightblue": "3b8eea",
    "brightmagenta": "d670d6",
    "bfightmagenta": "d670d6",  # as pyte spells it
    "brightcyan": "29b8db",
    "brightwhite": "ffffff",
}

# Lines as the weight of their arm to the left, up, right and down: 0 none, 1 light, 2 heavy.
_LINES = {
    "─": "1010",
    "━": "2020",
    "│": "0101",
    "┃": "0202",
    "┌": "0011",
    "┏": "0022",
    "┐": "1001",
    "┓": "2002",
    "└": "0110",
    "┗": "0220",
    "┘": "1100",
    "┛": "2200",
    "├": "0111",
    "┣": "0222",
    "┤": "1101",
    "┫": "2202",
    "┬": "1011",
    "┳": "2022",
    "┴": "1110",
    "┻": "2220",
    "┼": "1111",
    "╋": "2222",
    "╴": "1000",
    "╵": "0100",
    "╶": "0010",
    "╷": "0001",
    "╸": "2000",
    "╹": "0200",
    "╺": "0020",
    "╻": "0002",
    "╼": "1020",
    "╾": "2010",
    "┝": "0121",
    "┥": "2101",
}
_ROUND = {"╭": (1, 1), "╮": (-1, 1), "╯": (-1, -1), "╰": (1, -1)}  # the directions of the arms
_SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}
# Quarters of a cell: upper left 1, upper right 2, lower left 4, lower right 8.
_QUARTERS = {"▖": 4, "▗": 8, "▘": 1, "▙": 13, "▚": 9, "▛": 7, "▜": 11, "▝": 2, "▞": 6, "▟": 14}
_FORBIDDEN = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0
_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))  # of braille, by bit: column, row


@dataclass(frozen=True, slots=True)
class _Style:
    foreground: str
    background: str
    bold: bool
    italic: bool
    underline: bool
    strike: bool


def _colour(name: str, default: str) -> str:
    return default if name == "default" else _NAMED.get(name, name)


def _style(cell: Char) -> _Style:
    foreground, background = _colour(cell.fg, _FOREGROUND), _colour(cell.bg, _BACKGROUND)
    if cell.reverse:
        foreground, background = background, foreground
    return _Style(foreground, background, cell.bold, cell.italics, cell.underscore, cell.strikethrough)


def svg(cells: Sequence[Sequence[Char]], title: str) -> str:
    """The drawing of a screen's cells; `title` is what screen readers say of it."""
    width = len(cells[0]) * _WIDTH + 2 * _PADDING
    height = len(cells) * _HEIGHT + 2 * _PADDING
    frame = _style(Counter(cell._replace(data="", fg="default") for row in cells for cell in row).most_common(1)[0][0])
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" '
        f'width="{_n(width)}" height="{_n(height)}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>text {{ font: {_n(_FONT_SIZE)}px {_FONTS}; white-space: pre; }} .b {{ font-weight: bold; }} "
        ".i { font-style: italic; }</style>",
        f'<rect width="100%" height="100%" rx="8" fill="#{frame.background}"/>',
        f'<g transform="translate({_n(_PADDING)} {_n(_PADDING)})">',
    ]
    for number, row in enumerate(cells):
        lines.extend(_row(row, number * _HEIGHT, frame.background))
    lines += ["</g>", "</svg>", ""]
    return "\n".join(lines)


def _row(row: Sequence[Char], y: float, behind: str) -> Iterator[str]:
    runs: list[tuple[_Style, float, list[str]]] = []
    x = 0.0
    for style, group in groupby(row, key=_style):
        texts = [cell.data for cell in group]
        runs.append((style, x, texts))
        x += len(texts) * _WIDTH
    for style, x, texts in runs:  # all backgrounds first: a letter may reach over its cell's edge
        if style.background != behind:
            yield _rectangle(x, y, len(texts) * _WIDTH, _HEIGHT, style.background, crisp=True)
    for style, x, texts in runs:
        yield from _texts(style, x, y, texts)


def _texts(style: _Style, x: float, y: float, texts: Sequence[str]) -> Iterator[str]:
    """Letters, word by word, so that another font's advance cannot add up; and shapes."""
    word, begin = "", x
    for number, text in enumerate([*texts, " "]):
        here = x + number * _WIDTH
        shape = list(_shape(text, here, y, style.foreground))
        if word and (shape or text == " "):
            yield _text(style, begin, y, word)
            word = ""
        if shape:
            yield from shape
        elif text != " ":
            begin = begin if word else here
            word += _FORBIDDEN.sub("\ufffd", text)
    for wanted, at in ((style.underline, 15.5), (style.strike, 9.5)):
        if wanted:
            yield _rectangle(x, y + at, len(texts) * _WIDTH, 1, style.foreground)


def _text(style: _Style, x: float, y: float, text: str) -> str:
    names = " ".join(name for name, wanted in (("b", style.bold), ("i", style.italic)) if wanted)
    attribute = f' class="{names}"' if names else ""
    return f'<text x="{_n(x)}" y="{_n(y + _BASELINE)}" fill="#{style.foreground}"{attribute}>{escape(text)}</text>'


def _shape(text: str, x: float, y: float, colour: str) -> Iterator[str]:
    """The rectangles and circles of a line, block or braille character; none for all others."""
    if len(text) != 1:
        return
    code = ord(text)
    middle, centre = x + _WIDTH / 2, y + _HEIGHT / 2
    if text in _LINES:
        left, up, right, down = (int(weight) for weight in _LINES[text])
        if left:
            yield _rectangle(x, centre - left / 2, _WIDTH / 2 + left / 2, left, colour, crisp=True)
        if right:
            yield _rectangle(middle - right / 2, centre - right / 2, _WIDTH / 2 + right / 2, right, colour, crisp=True)
        if up:
            yield _rectangle(middle - up / 2, y, up, _HEIGHT / 2 + up / 2, colour, crisp=True)
        if down:
            yield _rectangle(middle - down / 2, centre - down / 2, down, _HEIGHT / 2 + down / 2, colour, crisp=True)
    elif text in _ROUND:
        across, along = _ROUND[text]
        yield (
            f'<path d="M{_n(middle)} {_n(centre + along * _HEIGHT / 2)}V{_n(centre + along * 4)}'
            f'Q{_n(middle)} {_n(centre)} {_n(middle + across * _WIDTH / 2)} {_n(centre)}" '
            f'fill="none" stroke="#{colour}"/>'
        )
    elif text in _SHADES:
        yield _rectangle(x, y, _WIDTH, _HEIGHT, colour, opacity=_SHADES[text])
    elif text in _QUARTERS:
        for bit in range(4):
            if _QUARTERS[text] >> bit & 1:
                column, row = x + bit % 2 * _WIDTH / 2, y + bit // 2 * _HEIGHT / 2
                yield _rectangle(column, row, _WIDTH / 2, _HEIGHT / 2, colour, crisp=True)
    elif 0x2580 <= code <= 0x2595:
        yield _rectangle(*_block(text, code, x, y), colour, crisp=True)
    elif 0x2800 <= code <= 0x28FF:
        for bit, (column, row) in enumerate(_DOTS):
            if code >> bit & 1:
                cx, cy = x + (column + 0.5) * _WIDTH / 2, y + (row + 0.5) * _HEIGHT / 4
                yield f'<circle cx="{_n(cx)}" cy="{_n(cy)}" r="1.5" fill="#{colour}"/>'


def _block(text: str, code: int, x: float, y: float) -> tuple[float, float, float, float]:
    """Where a block element's rectangle is: x, y, width, height."""
    if text == "▀":
        return x, y, _WIDTH, _HEIGHT / 2
    if text == "▐":
        return x + _WIDTH / 2, y, _WIDTH / 2, _HEIGHT
    if text == "▔":
        return x, y, _WIDTH, _HEIGHT / 8
    if text == "▕":
        return x + _WIDTH * 7 / 8, y, _WIDTH / 8, _HEIGHT
    if code <= 0x2588:
        eighths = code - 0x2580
        return x, y + _HEIGHT * (8 - eighths) / 8, _WIDTH, _HEIGHT * eighths / 8
    return x, y, _WIDTH * (0x2590 - code) / 8, _HEIGHT


def _rectangle(
    x: float, y: float, width: float, height: float, colour: str, crisp: bool = False, opacity: float = 1.0
) -> str:
    edges = ' shape-rendering="crispEdges"' if crisp else ""
    faint = f' opacity="{opacity}"' if opacity < 1 else ""
    return f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="#{colour}"{edges}{faint}/>'


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
