"""From a row to the segments of its line. Pure: nothing here knows where the line is, or who has the keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.segment import Segment
from rich.style import Style

from pitop.render.field import Tone
from pitop.render.glyphs import Glyphs
from pitop.render.text import cells, fit
from pitop.tui.looks import Backdrop, Looks
from pitop.tui.widgets.columns import Column

__all__ = ["USUAL", "Face", "Look", "Same", "row_line", "title_line"]


class Face(NamedTuple):
    """How a row looks besides its cells: `tone` overrides every cell's, `sign` stands in the margin."""

    tone: Tone | None = None
    sign: str = " "
    sign_tone: Tone = Tone.FAINT


USUAL = Face()


class Same:
    """Equal only to itself: rows are compared by object, which costs nothing."""

    __slots__ = ("row",)

    def __init__(self, row: object) -> None:
        self.row = row

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.row is self.row

    def __hash__(self) -> int:
        return id(self.row)


class Look(NamedTuple):
    """All that a row's line is painted from; another row, or another face, means painting it again."""

    same: Same
    tagged: bool
    prefix: str
    face: Face
    backdrop: Backdrop
    extra: object


def title_line(
    columns: Sequence[Column[Any]], order: tuple[str, bool] | None, looks: Looks, glyphs: Glyphs
) -> list[Segment]:
    """The titles of the columns; the one that the rows are in the `order` of (key, falling) is marked."""
    usual = looks.style(Tone.FAINT, Backdrop.HEAD)
    segments = [Segment(" ", usual)]
    for column in columns:
        title, style, gap = column.field.title, usual, " "
        if order is not None and order[0] == column.field.key:
            arrow = glyphs.falling if order[1] else glyphs.rising
            style = looks.style(Tone.ACCENT, Backdrop.HEAD, strong=True)
            if len(title) < column.width:
                title += arrow
            else:
                gap = arrow  # between the columns, so that no letter of a full title is lost
        segments.append(Segment(fit(title, column.width, right=column.field.right, ellipsis=""), style))
        segments.append(Segment(gap, usual if gap == " " else style))
    return segments


def row_line(
    columns: Sequence[Column[Any]], look: Look, tree: str | None, looks: Looks, glyphs: Glyphs, limit: int | None
) -> list[Segment]:
    """A row's segments; guides stand in the column `tree`, the free column is cut at `limit` cells of the line.

    Where `limit` is None it is whole.
    """
    row, face, backdrop = look.same.row, look.face, look.backdrop
    sign, sign_tone = (glyphs.tag, Tone.WARN) if look.tagged else (face.sign, face.sign_tone)
    style = looks.style(sign_tone, backdrop)
    text, used = sign, 1
    segments: list[Segment] = []
    for column in columns:
        field = column.field
        cell = field.text(row)
        tone = face.tone or (Tone.PLAIN if field.tone is None else field.tone(row))
        if field.key == tree and look.prefix:
            style, text = _append(segments, style, text, looks.style(Tone.FAINT, backdrop), look.prefix)
            used += cells(look.prefix)
            width = column.width - cells(look.prefix)
        else:
            width = column.width
        if column.free:
            room = len(cell) * 2 if limit is None else max(0, limit - used)
            cell = fit(cell, min(room, cells(cell)), ellipsis=glyphs.ellipsis)
            used += cells(cell)
        else:
            cell = fit(cell, width, right=field.right, ellipsis=glyphs.ellipsis)
            used += width
        style, text = _append(segments, style, text, looks.style(tone, backdrop), cell)
        if used != limit:  # a line that is full need not be cut
            text += " "
            used += 1
    segments.append(Segment(text, style))
    return segments


def _append(segments: list[Segment], style: Style, text: str, next_style: Style, next_text: str) -> tuple[Style, str]:
    """Go on with the run of `style`, or end it and begin the next."""
    if next_style is style or next_style == style:
        return style, text + next_text
    if text:
        segments.append(Segment(text, style))
    return next_style, next_text
