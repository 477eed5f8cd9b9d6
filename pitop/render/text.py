"""Untrusted text made visible, and text fitted into terminal cells.

Process names, command lines, DNS data and paths come from whoever wrote them. Nothing that a terminal would
obey, hide or reorder passes: C0 and C1 controls, DEL, bidi marks, zero-width characters, line and paragraph
separators, surrogates, tags. They appear as the escapes that one types: ``\\e``, ``\\n``, ``\\u202e``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["cells", "fit", "sentences", "visible"]

_NAMED = {
    0x1B: r"\e",
    0x07: r"\a",
    0x08: r"\b",
    0x09: r"\t",
    0x0A: r"\n",
    0x0B: r"\v",
    0x0C: r"\f",
    0x0D: r"\r",
}

# Soft hyphen; Arabic letter mark; Hangul and Khmer fillers; zero width, bidi and separator marks; invisible
# operators; variation selectors (they change a neighbour's width); byte order mark; surrogates; private
# annotation marks; tags.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def _escape(match: re.Match[str]) -> str:
    point = ord(match[0])
    if point in _NAMED:
        return _NAMED[point]
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def visible(text: str) -> str:
    """`text` with everything that a terminal would obey, hide or reorder as a visible escape."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(_escape, text)


@lru_cache(4096)
def sentences(*parts: str) -> str:
    """What happened and what to do, each its own sentence; empty parts are left out."""
    said = [part.strip() for part in parts if part.strip()]
    ended = [part if part[-1] in ".!?:" else f"{part}." for part in said[:-1]] + said[-1:]
    return " ".join([*ended[:1], *(part[0].upper() + part[1:] for part in ended[1:])])


@lru_cache(4096)
def _step(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cells(text: str) -> int:
    """How many terminal cells visible `text` takes: 2 for wide, 0 for combining characters."""
    return len(text) if text.isascii() else sum(map(_step, text))


def fit(text: str, width: int, *, right: bool = False, ellipsis: str = "…") -> str:
    """`text` in exactly `width` cells: padded, or cut with an ellipsis at the end."""
    size = cells(text)
    if size > width:
        text, size = _cut(text, width, ellipsis)
    pad = " " * (width - size)
    return pad + text if right else text + pad


def _cut(text: str, width: int, ellipsis: str) -> tuple[str, int]:
    if width <= 0:
        return "", 0
    room = width - cells(ellipsis)
    if room < 0:
        return ellipsis[:width], width
    if text.isascii():
        return text[:room] + ellipsis, width
    taken = size = 0
    for character in text:
        step = _step(character)
        if size + step > room:
            break
        size += step
        taken += 1
    return text[:taken] + ellipsis, size + cells(ellipsis)
