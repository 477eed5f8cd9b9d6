"""Lines that are scrolled sideways."""

from __future__ import annotations

from rich.segment import Segment

from pitop.render.text import cells

__all__ = ["sideways"]


def sideways(line: list[Segment], side: int, width: int) -> list[Segment]:
    """`width` cells of `line`, from cell `side` on.

    Marks whose character stays outside go with it: at the beginning of a row some terminals would put them into
    the row above.
    """
    if not side:
        return line
    parts = list(Segment.divide(line, [side, side + width]))
    shown = parts[1] if len(parts) > 1 else []
    for place, (text, style, _) in enumerate(shown):
        for start, character in enumerate(text):
            if cells(character):
                return [Segment(text[start:], style), *shown[place + 1 :]]
    return []
