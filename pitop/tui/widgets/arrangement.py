"""Which columns, and in what order: chosen with a key each."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from pitop.render.field import Field, Tone
from pitop.tui.widgets.choice import Item, Menu
from pitop.tui.widgets.modal import Modal
from pitop.tui.widgets.notice import Notice

__all__ = ["Arrangement"]


class Arrangement(Modal[tuple[str, ...] | None]):
    """Dismissed with the keys of the chosen columns, in their order; with None for Escape."""

    DEFAULT_CSS = """
    Arrangement { align: center middle; background: transparent; }
    Arrangement > Vertical {
        width: 90%; max-width: 100; height: 80%; max-height: 96%; background: $background; border: round $primary;
        border-title-color: $primary; padding: 0 1;
    }
    Arrangement Notice { height: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("enter", "take", "Done"),
        Binding("space", "choose", "Show or hide"),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("shift+up,minus", "carry(-1)", "Earlier"),
        Binding("shift+down,plus", "carry(1)", "Later"),
        Binding("delete", "usual", "As at first"),
    ]

    def __init__(self, fields: Sequence[Field[Any]], shown: Sequence[str], usual: Sequence[str]) -> None:
        super().__init__()
        self._fields = {each.key: each for each in fields}
        self._usual = usual
        self._keys: list[Hashable] = []
        self._marked: set[Hashable] = set()
        self._set(shown)

    def _set(self, shown: Sequence[str]) -> None:
        self._marked = set(shown)
        self._keys = [*shown, *(key for key in self._fields if key not in self._marked)]

    def compose(self) -> ComposeResult:
        """A box with the list, and a line that tells the keys."""
        with Vertical() as box:
            box.border_title = "Columns"
            yield self._menu()
            yield Notice()

    def _menu(self) -> Menu:
        menu = Menu([Item(key, self._fields[str(key)].title, self._fields[str(key)].words) for key in self._keys])
        menu.marked = self._marked
        return menu

    def on_mount(self) -> None:
        """Take the keys."""
        self.query_one(Menu).focus()
        self.query_one(Notice).say(
            [("Space shows or hides · Shift+↑ ↓ moves · Del as at first · Enter done", Tone.FAINT)]
        )

    def _renew(self, place: int) -> None:
        menu = self.query_one(Menu)
        menu.shown = [Item(key, self._fields[str(key)].title, self._fields[str(key)].words) for key in self._keys]
        menu.marked = self._marked
        menu.place = place
        menu.refresh()

    def action_move(self, by: int) -> None:
        """Move the selection."""
        self.query_one(Menu).move(by)

    def action_choose(self) -> None:
        """Show or hide a column; one stays."""
        menu = self.query_one(Menu)
        if menu.item is None:
            return
        self._marked ^= {menu.item.key}
        if not self._marked:
            self._marked = {menu.item.key}
        self._renew(menu.place)

    def action_carry(self, by: int) -> None:
        """Move a column to another place."""
        place = self.query_one(Menu).place
        other = place + by
        if 0 <= other < len(self._keys):
            self._keys[place], self._keys[other] = self._keys[other], self._keys[place]
            self._renew(other)

    def action_usual(self) -> None:
        """As at first."""
        self._set(self._usual)
        self._renew(0)

    def action_take(self) -> None:
        """Answer with the columns."""
        self.dismiss(tuple(str(key) for key in self._keys if key in self._marked))

    def action_leave(self) -> None:
        """Answer with nothing."""
        self.dismiss(None)
