"""One packet taken apart, below the list: its layers, and its bytes with those of the chosen field marked."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container

from pitop.model.packets.snapshot import Detail
from pitop.render.field import Tone
from pitop.render.packets.sheets import detail_lines, dump_lines, field_places
from pitop.tui.panes.packets.sheet import Sheet

__all__ = ["Anatomy"]

_BESIDE = 110  # cells from which on layers and dump stand side by side


class Anatomy(Container):
    """Layers and dump of a packet; nothing is shown until `open`."""

    DEFAULT_CSS = """
    Anatomy { height: 45%; display: none; layout: horizontal; }
    Anatomy > #dump { width: 76; }
    Anatomy.narrow { layout: vertical; height: 60%; }
    Anatomy.narrow > #dump { width: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.opened = False
        self._detail: Detail | None = None

    def compose(self) -> ComposeResult:
        """The layers, and the dump."""
        yield Sheet(standing=True, id="layers")
        yield Sheet(id="dump")

    def on_resize(self) -> None:
        """One above the other where there is no room beside."""
        self.set_class(self.size.width < _BESIDE, "narrow")

    def open(self) -> None:
        """Make room."""
        self.opened = True
        self.styles.display = "block"

    def shut(self) -> None:
        """Give the room back to the list."""
        self.opened = False
        self.forget()
        self.styles.display = "none"

    def forget(self) -> None:
        """Take the next packet in, even the one that is shown."""
        self._detail = None

    def renew(self, detail: Detail | None) -> None:
        """Show a packet, or its layers once they are known, unless it is the one that is shown."""
        if not self.opened or detail is None:
            return
        shown = self._detail
        if shown is None or (shown.packet.number, shown.layers) != (detail.packet.number, detail.layers):
            self._detail = detail
            lines = [[("Being taken apart …", Tone.FAINT)]] if detail.layers is None else detail_lines(detail.layers)
            self.query_one("#layers", Sheet).say(lines)
            self._mark(0)

    def on_sheet_moved(self, event: Sheet.Moved) -> None:
        """Another field: mark its bytes."""
        event.stop()
        self._mark(event.place)

    def _mark(self, place: int) -> None:
        if self._detail is None:
            return
        places = field_places(self._detail.layers or ())
        mark = places[place] if place < len(places) else (0, 0)
        dump = self.query_one("#dump", Sheet)
        dump.say(dump_lines(self._detail.data, mark), keep=True)
        dump.reveal(mark[0] // 16)
