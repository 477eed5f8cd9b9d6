"""What every pane with rows can do: go to the next row that holds a text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from pitop.render.text import visible
from pitop.tui.keys import key
from pitop.tui.pane import Pane
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.table import Table

__all__ = ["SearchPane", "search_key"]


def search_key(*, footer: bool) -> Binding:
    """The key that begins a search, for panes whose footer has no room for it."""
    words = "Go to the next row that holds a text"
    return key("table.search", "slash,f3", "search", "Search", words, footer=footer, display="/")


class SearchPane(Pane):
    """A pane around one table. A subclass sets `table`, and says what is read of a row."""

    table: Table[Any]

    BINDINGS: ClassVar[list[BindingType]] = [
        search_key(footer=True),
        key("table.next", "n", "search_again(1)", "Next match"),
        key("table.previous", "shift+f3", "search_again(-1)", "Previous match"),
    ]

    def __init__(self, settings: PaneSettings | None = None) -> None:
        super().__init__(settings)
        self._needle = ""

    def read(self, row: Any) -> Iterable[str]:
        """The texts of a row in which is searched."""
        return (field.text(row) for field in self.table.fields)

    def action_search(self) -> None:
        """Type a text; the selection goes to the next row that holds it."""
        from pitop.tui.widgets.prompt import Answer

        self.leave_line()
        start = self.table.place
        origin = self.table.pin()

        def changed(text: str) -> Answer:
            self._needle = text
            if not text:
                return Answer("type what the row should hold")
            if self._seek(start, 1):
                return Answer("after Enter, n goes to the next")
            return Answer("not found", error=False)

        def done(text: str | None) -> None:
            if text is None and origin is not None:
                self.table.select(self.table.key(origin))

        self.ask_line("Search", "", changed, done)

    def action_search_again(self, by: int) -> None:
        """On to the next match."""
        if self._needle and not self._seek(self.table.place + by, by):
            self.app.notify(f"“{visible(self._needle)}” is not found", timeout=2, markup=False)

    def _seek(self, start: int, by: int) -> bool:
        """Select the first match from row `start` on. A needle with capitals is searched as it is written."""
        rows, needle = self.table.rows, self._needle
        exact = needle != needle.lower()
        for step in range(len(rows)):
            row = rows[(start + by * step) % len(rows)]
            if any(needle in (text if exact else text.lower()) for text in self.read(row)):
                return self.table.select(self.table.key(row))
        return False
