"""What takes the list's place to be read: ladder, stream, statistics, conversations."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from pitop.model.packets.snapshot import PacketsSnapshot
from pitop.render.field import Tone
from pitop.render.glyphs import Glyphs
from pitop.render.packets.ladder import ladder_lines
from pitop.render.packets.sheets import conversation_lines, statistics_lines, stream_lines
from pitop.tui.panes.packets.sheet import Sheet
from pitop.tui.widgets.notice import Notice

__all__ = ["Reading"]

_TITLES = {"ladder": "Ladder", "stream": "Stream", "statistics": "Statistics", "conversations": "Conversations"}


class Reading(Vertical):
    """A title and a sheet; `what` is which one is open, empty for none."""

    DEFAULT_CSS = """
    Reading { display: none; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.what = ""
        self.in_hex = False

    def compose(self) -> ComposeResult:
        """Title, sheet."""
        yield Notice(id="title", bar=True)
        yield Sheet(id="sheet")

    def open(self, what: str) -> None:
        """Show a sheet that is still to come, and give it the keys."""
        self.what = what
        self.styles.display = "block"
        sheet = self.query_one(Sheet)
        sheet.say([[("…", Tone.FAINT)]])
        sheet.focus()
        words = "  x hex or text  w writes it to a file" if what == "stream" else ""
        self.query_one(Notice).say(
            [(f" {_TITLES[what]}", Tone.STRONG), (f"   Esc back to the list{words}", Tone.FAINT)]
        )

    def shut(self) -> None:
        """Make room for the list again."""
        self.what = ""
        self.styles.display = "none"

    def renew(self, snapshot: PacketsSnapshot, glyphs: Glyphs) -> None:
        """Show what the snapshot knows; the place that one reads at stays."""
        width = self.app.size.width - 2
        if self.what == "ladder" and snapshot.ladder is not None:
            lines = ladder_lines(snapshot.ladder, width, plain=glyphs.name == "ascii")
        elif self.what == "stream" and snapshot.stream is not None:
            lines = stream_lines(snapshot.stream, in_hex=self.in_hex)
        elif self.what == "statistics" and snapshot.overview is not None:
            lines = statistics_lines(snapshot.overview, width, glyphs)
        elif self.what == "conversations" and snapshot.conversations is not None:
            lines = conversation_lines(snapshot.conversations, width)
        else:
            return
        self.query_one(Sheet).say(lines, keep=True)
