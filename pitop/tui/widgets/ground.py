"""The ground that other widgets stand on."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.containers import Container
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

__all__ = ["Front", "Ground", "Room"]


class Ground(Widget):
    """A container that draws its background and nothing else: one strip does for all lines, most of which nobody sees.

    Textual draws each of them whenever something moves on the screen.
    """

    # Textual lays the whole screen out once more when this changes, for scroll bars; there are none here.
    virtual_size = Reactive(Size(0, 0), repaint=False)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The same empty line, as often as is asked for."""
        if self.styles.gutter:  # somebody has given it a border
            return super().render_lines(crop)
        background = self.background_colors[1]
        segments = [Segment(" " * crop.width, Style(bgcolor=background.rich_color))]
        for line_filter in self.get_line_filters():
            segments = line_filter.apply(segments, background)
        return [Strip(segments, crop.width)] * crop.height


class Room(Ground, Container):
    """What a pane is put into."""


class Front(Ground, Screen[None]):
    """The screen that everything else is put onto."""

    virtual_size = Reactive(Size(0, 0), layout=True)
