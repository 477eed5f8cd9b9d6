"""What the widgets of a screen keep from one frame to the next, beside what they would draw now."""

from __future__ import annotations

from textual.dom import DOMNode

from pitop.tui.widgets.footer import Footer
from pitop.tui.widgets.lines import Lines

__all__ = ["stale"]


def stale(screen: DOMNode) -> list[str]:
    """The lines that are kept and would look different if they were drawn now.

    The footer is left out: it is told of other keys a moment after there are any. Widgets that note what they have
    drawn note it here too, so after the first difference nothing more is to be learnt.
    """
    found = []
    for widget in screen.walk_children(Lines):
        size = widget.size
        if isinstance(widget, Footer) or not widget.display or not size or widget._drawn_size != size:
            continue
        filters, background = widget.get_line_filters(), widget.background_colors[1]
        for y, strip in sorted(widget._drawn.items()):
            anew = widget._strip(y, size.width, filters, background) if y < size.height else strip
            if list(strip) != list(anew):
                found.append(f"{widget!r}, line {y}: {strip.text!r} is {anew.text!r} by now")
    return found
