"""The base of widgets that draw themselves line by line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Self

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.strip import Strip
from textual.widget import Widget

from pitop.render.field import Tone
from pitop.render.glyphs import LEVELS, Glyphs
from pitop.tui.looks import Looks, looks_for

__all__ = ["Lines"]


@lru_cache(1024)
def _changes(line_filter: LineFilter, style: Style | None, background: Color) -> bool:
    """Whether a filter makes anything else of text in a style. It would make all segments anew where it does not."""
    return line_filter.apply([Segment(" ", style)], background)[0].style != style


class Lines(Widget):
    """A widget whose `line(y)` gives the segments of one line.

    It has neither border nor padding, so what Textual does for those, and for tints and links, is left out: a line is
    drawn when it has been refreshed, and kept until then.
    """

    # Textual lays the whole screen out once more when this changes, for scroll bars; there are none here.
    virtual_size = Reactive(Size(0, 0), repaint=False)

    top_down = False  # whether its lines stay what they are when it becomes higher or lower
    _drawn_size = Size(0, 0)
    _drawn_looks: Looks | None = None

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        self._drawn: dict[int, Strip] = {}
        self.across = 0  # cells of the line that is being drawn: Textual looks for a widget's size anew each time
        super().__init__(id=id)

    @property
    def looks(self) -> Looks:
        """How tones look in the theme in use."""
        looks = self._drawn_looks
        if looks is None:
            looks = self._drawn_looks = self._fitting()
        return looks

    def _fitting(self) -> Looks:
        return looks_for(self.app.current_theme, colour=not self.app.no_color)

    @property
    def glyphs(self) -> Glyphs:
        """What lines and bars are drawn with."""
        glyphs: Glyphs = getattr(self.app, "glyphs", LEVELS["block"])
        return glyphs

    def line(self, y: int) -> list[Segment]:
        """The segments of line `y`; what is wider than the widget is cut off."""
        return []

    def backdrop(self, y: int) -> Style:
        """What fills the rest of line `y`."""
        return self.looks.style(Tone.PLAIN)

    def render_line(self, y: int) -> Strip:
        """Textual's line API."""
        return self._strip(y, self.size.width, (), None)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of `crop`, drawn anew where they were refreshed."""
        if self.styles.gutter:  # somebody has given it a border after all
            return super().render_lines(crop)
        drawn, size = self._drawn, self.size
        if self._drawn_size != size:
            self._keep(size)
        filters: Sequence[LineFilter] | None = None
        strips = []
        for y in crop.line_range:
            strip = drawn.get(y)
            if strip is None:
                if filters is None:
                    filters, background = self.get_line_filters(), self.background_colors[1]
                strip = drawn[y] = self._strip(y, size.width, filters, background)
            strips.append(strip)
        if crop.column_span != (0, size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def _keep(self, size: Size) -> None:
        """Forget what cannot stay at another size."""
        before, self._drawn_size = self._drawn_size, size
        if self.top_down and before.width == size.width:
            for y in [y for y in self._drawn if y >= before.height]:
                del self._drawn[y]
        else:
            self._drawn.clear()

    def _strip(self, y: int, width: int, filters: Sequence[LineFilter], background: Color | None) -> Strip:
        """Line `y`, filtered and as wide as the widget. Strips are dear to make: one is enough where nothing is cut."""
        self.across = width
        segments = self.line(y)
        # Rich counts most texts letter by letter.
        taken = sum(len(each.text) if each.text.isascii() else each.cell_length for each in segments)
        if taken > width:
            segments = list(Strip(segments, taken).adjust_cell_length(width))
        elif taken < width:
            segments = [*segments, Segment(" " * (width - taken), self.backdrop(y))]
        if background is not None:
            for line_filter in filters:
                if any(_changes(line_filter, style, background) for style in {style for _, style, _ in segments}):
                    segments = line_filter.apply(segments, background)
        return Strip(segments, width)

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Have the lines of `regions` drawn anew, or all that may look different."""
        if regions:
            for region in regions:
                for y in region.line_range:
                    self._drawn.pop(y, None)
        else:
            self.forget_changed()
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def repaint(self) -> None:
        """Draw every line again, whether it may look different or not."""
        self._drawn.clear()
        self.refresh()

    def forget_changed(self) -> None:
        """Forget the lines that may look different by now: all, where that is not known."""
        self._drawn.clear()

    def notify_style_update(self) -> None:
        """Another theme, perhaps, or only the focus, which changes nothing here."""
        super().notify_style_update()
        looks = self._fitting()
        if looks is not self._drawn_looks:
            self._drawn_looks = looks
            self._drawn.clear()
            self.themed()

    def themed(self) -> None:
        """The theme is another one: everything is going to be drawn anew."""

    def refresh_line(self, y: int) -> None:
        """Have one line painted anew."""
        self.refresh(Region(0, y, self.size.width, 1))

    def refresh_lines(self, lines: Iterable[int]) -> None:
        """Have several lines painted anew, or all, the next time that they are seen, where they are not seen now."""
        width = self.size.width
        if not width:
            self._drawn.clear()
        elif regions := [Region(0, y, width, 1) for y in lines]:
            self.refresh(*regions)
