"""Bars: the machine's memory, a mapping's parts, an address space from low to high.

A bar is a list of runs, each a text and the name of what it shows, so that the screen gives it a colour; the glyphs
tell the parts apart without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pitop.model.memory.layout import Gap, Parts, Stretch, length, share
from pitop.model.memory.mappings import Kind
from pitop.model.memory.totals import Segment
from pitop.render.text import cells, fit, visible
from pitop.render.units import bytes_text

__all__ = ["LETTERS", "PARTS", "Run", "from_the_end", "machine_bar", "marker", "parts_bar", "place_name", "strip"]


class Run(NamedTuple):
    """Some cells of a bar, and what they stand for."""

    text: str
    key: str


# The machine's parts as letters, for bars without colour and for text.
LETTERS = {
    "processes": "P",
    "shared": "S",
    "compressed": "Z",
    "huge": "H",
    "unreclaimable": "k",
    "stacks": "t",
    "tables": "p",
    "other": "o",
    "reclaimable": "r",
    "buffers": "b",
    "cache": "c",
    "free": ".",
}

# What became of the pages of a mapping: key, the word for it, glyph in blocks, glyph in ASCII.
PARTS = (
    ("dirty", "written, its own", "█", "#"),
    ("clean", "clean, its own", "▓", "="),
    ("shared", "shared", "▒", "+"),
    ("swapped", "in swap", "s", "s"),
    ("untouched", "never touched", "·", "."),
)


def machine_bar(segments: Sequence[Segment], width: int, letters: bool) -> list[Run]:
    """The machine's memory in `width` cells: each part in proportion, at least a cell where there is any.

    As letters, or as room for the part's name and size where they fit.
    """
    runs = []
    for part, size in zip(segments, share([each.bytes for each in segments], width), strict=True):
        if not size:
            continue
        if letters:
            runs.append(Run(LETTERS[part.key] * size, part.key))
            continue
        text = f" {part.title} {bytes_text(part.bytes)} "
        if len(text) > size:
            text = f" {part.title} "
        runs.append(Run(fit(text if len(text) <= size else "", size), part.key))
    return runs


def marker(available_bytes: int | None, total_bytes: int, width: int) -> int | None:
    """The cell where what is available begins, counted to the bar's end; None where it is not known."""
    if available_bytes is None or total_bytes <= 0 or width <= 0:
        return None
    at = round((total_bytes - available_bytes) * width / total_bytes)
    return min(max(at, 0), width - 1)


def parts_bar(parts: Parts | None, size_bytes: int, width: int, longest: float, ascii_only: bool = False) -> list[Run]:
    """A mapping as a bar: as long as its size on the scale on which `longest` takes `width` cells, inside the parts in
    proportion. Where only the size is known all of it is `unknown`."""
    size = max(1, round(width * length(size_bytes) / longest)) if longest > 0 else 1
    size = min(size, width)
    if parts is None:
        return [Run("?" * size, "unknown")]
    weights = [
        parts.dirty_bytes,
        parts.clean_bytes,
        parts.shared_bytes,
        parts.swapped_bytes,
        parts.untouched_bytes,
    ]
    return [
        Run((plain if ascii_only else block) * count, key)
        for (key, _, block, plain), count in zip(PARTS, share(weights, size), strict=True)
        if count
    ]


_GAP = 3  # cells that a folded gap takes in the strip


def strip(places: Sequence[Stretch | Gap], width: int, ascii_only: bool = False, *, letters: bool = False) -> list[Run]:
    """An address space from low to high in one line: stretches by the logarithm of their size, gaps folded to a few
    cells however large they are. The keys are the kinds' words, and `gap`. A kind's word stands in its stretch where it
    fits; with `letters` its beginning does where it does not."""
    weights = [length(each.size_bytes) if isinstance(each, Stretch) else 0.0 for each in places]
    gaps = sum(1 for each in places if isinstance(each, Gap))
    fold = _GAP if width >= 2 * _GAP * gaps else 1
    given = share(weights, max(0, width - fold * gaps))
    runs = []
    for place, size in zip(places, given, strict=True):
        if isinstance(place, Gap):
            runs.append(Run(("~" if ascii_only else "╌") * fold, "gap"))
        elif size:
            runs.append(Run(fit(_label(place.kind, size, letters), size), place.kind.value))
    return runs


def _label(kind: Kind, size: int, letters: bool) -> str:
    word = kind.value
    if len(word) <= size:
        return word
    return word[: max(1, size - 1)] if letters else ""


def place_name(place: Stretch | Gap, width: int) -> str:
    """What a line of the drawing calls a place: the file's name from its end, which tells more than its beginning."""
    if isinstance(place, Gap):
        return "nothing mapped" if place.end < 1 << 63 else "nothing mapped, and the kernel's own half"
    name = visible(place.path) or place.kind.value
    if place.count > 1:
        name += f" ({place.count:,} mappings)"
    return from_the_end(name, width)


def from_the_end(text: str, width: int) -> str:
    """`text` in at most `width` cells: a path's end tells more than its beginning."""
    if cells(text) <= width:
        return text
    while text and cells(text) > width - 1:
        text = text[1:]
    return "…" + text
