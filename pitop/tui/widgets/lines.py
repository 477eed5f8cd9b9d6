"""The base of widgets that draw themselves line by line."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from pitop.render.field import Tone
from pitop.render.glyphs import LEVELS, Glyphs
from pitop.tui.looks import Looks, looks_for

__all__ = ["Lines"]


class Lines(Widget):
    """A widget whose `line(y)` gives the segments of one line; `render_line` pads and caches nothing else."""

    @property
    def looks(self) -> Looks:
        """How tones look in the theme in use."""
        return looks_for(self.app.current_theme)

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
        return Strip(self.line(y)).adjust_cell_length(self.size.width, self.backdrop(y))

    def refresh_line(self, y: int) -> None:
        """Have one line painted anew."""
        self.refresh(Region(0, y, self.size.width, 1))
