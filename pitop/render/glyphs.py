"""What lines, bars and graphs are drawn with, at three levels: braille, block, ASCII."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

__all__ = ["LEVELS", "PLAINER", "Glyphs", "bar", "meter", "reach", "sparkline"]


class Glyphs(Struct, frozen=True):
    """One level. `parts` fill a cell from the left in eighths, `spark` from the bottom."""

    name: str
    branch: str
    last: str
    pipe: str
    blank: str
    folded: str
    unfolded: str
    parts: str
    spark: str
    line: str  # a meter's full cell, its half cell, and the track behind it
    half_line: str
    track: str
    idle: str  # one that does nothing, in a row of single cells
    rising: str
    falling: str
    up: str
    down: str
    dot: str
    tag: str
    ellipsis: str
    thumb: str
    rail: str


_BLOCK = Glyphs(
    name="block",
    branch="├─ ",
    last="└─ ",
    pipe="│  ",
    blank="   ",
    folded="▸",
    unfolded="▾",
    parts=" ▏▎▍▌▋▊▉█",
    spark=" ▁▂▃▄▅▆▇█",
    line="━",
    half_line="╸",
    track="─",
    idle="·",
    rising="▲",
    falling="▼",
    up="↑",
    down="↓",
    dot="·",
    tag="●",
    ellipsis="…",
    thumb="┃",
    rail="│",
)

LEVELS: dict[str, Glyphs] = {
    "braille": replace(_BLOCK, name="braille"),
    "block": _BLOCK,
    "ascii": Glyphs(
        name="ascii",
        branch="|- ",
        last="`- ",
        pipe="|  ",
        blank="   ",
        folded="+",
        unfolded="-",
        parts=" |",
        spark=" .:-=+*#%@",
        line="|",
        half_line="|",
        track=".",
        idle=".",
        rising="^",
        falling="v",
        up="^",
        down="v",
        dot="-",
        tag="*",
        ellipsis="~",
        thumb="#",
        rail="|",
    ),
}
"""By name, richest first. Braille differs from block in graphs, which have twice the columns then."""

# Dots of a braille cell, from the bottom up: left column 7 3 2 1, right column 8 6 5 4 (U+2800).
_LEFT = (0x00, 0x40, 0x44, 0x46, 0x47)
_RIGHT = (0x00, 0x80, 0xA0, 0xB0, 0xB8)

PLAINER = {
    ord(each): plain
    for plain, glyphs in {
        "-": "·─━┄┈╌═▁▔╸╺▂",
        "|": "│┃║▌▐▎▏▊▕",
        "+": "┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝✓▸",
        "*": "•●◆",
        "#": "■█▄▀▇▆▅▃",
        "x": "×✗",
        "~": "…",
        ">": "⇥↹→",
        "<": "←◂",
        "^": "↑▲",
        "v": "↓▼▾",
    }.items()
    for each in glyphs
}
"""What is written for the glyphs that pitop and Textual draw with where the terminal's font has none of them."""


def bar(part: float, width: int, glyphs: Glyphs) -> str:
    """`part` (0 to 1) of `width` cells, filled from the left; shorter than `width` where not full."""
    steps = len(glyphs.parts) - 1
    filled = round(max(0.0, min(1.0, part)) * width * steps)
    if part > 0 and width > 0 and not filled:
        filled = 1
    whole, rest = divmod(filled, steps)
    return glyphs.parts[-1] * whole + (glyphs.parts[rest] if rest else "")


def meter(part: float, width: int, glyphs: Glyphs) -> tuple[str, str]:
    """`part` (0 to 1) of a line of `width` cells, and the track that is left, together `width` cells."""
    halves = round(max(0.0, min(1.0, part)) * width * 2)
    if part > 0 and width > 0 and not halves:
        halves = 1
    filled = glyphs.line * (halves // 2) + glyphs.half_line * (halves % 2)
    return filled, glyphs.track * (width - len(filled))


def reach(part: float, far: float, width: int, glyphs: Glyphs) -> str:
    """A line to `part`, and its track on to `far`; both 0 to 1 of `width` cells."""
    filled, _ = meter(part, width, glyphs)
    return filled + glyphs.track * (round(max(0.0, min(1.0, far)) * width) - len(filled))


def sparkline(values: Sequence[float | None], width: int, top: float, glyphs: Glyphs) -> str:
    """The newest `values` as one line of `width` cells, `top` being a full cell; unknown ones are blank."""
    if glyphs.name == "braille":
        levels = _levels(values, width * 2, top, 4)
        return "".join(
            chr(0x2800 + _LEFT[levels[i]] + _RIGHT[levels[i + 1]]) if levels[i] or levels[i + 1] else " "
            for i in range(0, width * 2, 2)
        )
    steps = len(glyphs.spark) - 1
    return "".join(glyphs.spark[level] for level in _levels(values, width, top, steps))


def _levels(values: Sequence[float | None], count: int, top: float, steps: int) -> list[int]:
    newest = list(values[-count:])
    padded: list[float | None] = [*[None] * (count - len(newest)), *newest]
    return [0 if not value or top <= 0 else max(1, min(steps, round(value / top * steps))) for value in padded]
