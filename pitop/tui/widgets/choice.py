"""A list to choose from, searched by typing."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from pitop.render.field import Tone
from pitop.render.text import fit, visible
from pitop.tui.looks import Backdrop
from pitop.tui.widgets.lines import Lines
from pitop.tui.widgets.modal import Modal
from pitop.tui.widgets.notice import Notice

__all__ = ["Choice", "Item", "Menu"]


class Item(NamedTuple):
    """One thing to choose: what it is known by, its label, and words that explain it."""

    key: Hashable
    label: str
    words: str = ""


class Menu(Lines, can_focus=True):
    """The items that hold what was typed, one of them selected."""

    DEFAULT_CSS = """
    Menu { width: 1fr; height: 1fr; }
    """

    def __init__(self, items: Sequence[Item], chosen: Hashable = None) -> None:
        super().__init__()
        self._items = items
        self.typed = ""
        self.shown = list(items)
        self.place = next((place for place, item in enumerate(items) if item.key == chosen), 0)
        self._first = 0
        self._width = max((len(item.label) for item in items), default=0)
        self.marked: set[Hashable] | None = None

    def type(self, text: str) -> None:
        """Show what holds `text`: labels that begin with it first."""
        self.typed = text
        needle = text.lower()
        starts = [item for item in self._items if item.label.lower().startswith(needle)]
        holds = [
            item
            for item in self._items
            if item not in starts and (needle in item.label.lower() or needle in item.words.lower())
        ]
        self.shown = starts + holds
        self.place = 0
        self.refresh()

    def move(self, by: int) -> None:
        """Move the selection."""
        if self.shown:
            self.place = max(0, min(self.place + by, len(self.shown) - 1))
            self.refresh()

    @property
    def item(self) -> Item | None:
        """What is selected."""
        return self.shown[self.place] if self.shown else None

    def backdrop(self, y: int) -> Style:
        """A bar on the selected item."""
        selected = self._first + y == self.place
        return self.looks.style(Tone.PLAIN, Backdrop.SELECTED if selected else Backdrop.PLAIN)

    def line(self, y: int) -> list[Segment]:
        """One item."""
        height = self.size.height
        self._first = max(0, min(self._first, len(self.shown) - height))
        if self.place < self._first:
            self._first = self.place
        elif self.place >= self._first + height:
            self._first = self.place - height + 1
        place = self._first + y
        if place >= len(self.shown):
            return [Segment(" nothing matches", self.looks.style(Tone.FAINT))] if y == 0 else []
        item = self.shown[place]
        backdrop = Backdrop.SELECTED if place == self.place else Backdrop.PLAIN
        mark = ""
        if self.marked is not None:
            mark = ("x " if self.glyphs.name == "ascii" else "✓ ") if item.key in self.marked else "  "
        label = fit(visible(item.label), self._width + 2)
        room = max(0, self.size.width - len(mark) - self._width - 4)
        words = fit(visible(item.words), room, ellipsis=self.glyphs.ellipsis)
        return [
            Segment(" " + mark, self.looks.style(Tone.GOOD, backdrop)),
            Segment(label, self.looks.style(Tone.PLAIN, backdrop)),
            Segment(words + " ", self.looks.style(Tone.FAINT, backdrop)),
        ]

    def on_click(self, event: events.Click) -> None:
        """Select, and take with the same click what was selected."""
        place = self._first + event.y
        if place < len(self.shown):
            self.place = place
            self.refresh()
            screen = self.screen
            if isinstance(screen, Choice):
                screen.action_take()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Down by three."""
        self.move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Up by three."""
        self.move(-3)


class Choice(Modal[Hashable]):
    """Asks for one of `items`; dismissed with its key, or None for Escape. Typing searches."""

    DEFAULT_CSS = """
    Choice { align: center middle; background: transparent; }
    Choice > Vertical {
        width: 90%; max-width: 100; height: 80%; max-height: 100%; background: $background; border: round $primary;
        width: 90%; max-width: 100; height: 80%; max-height: 96%; background: $background; border: round $primary;
        border-title-color: $primary; padding: 0 1;
    }
    Choice Notice { height: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("enter", "take", "Choose"),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move(-10)", "Page up", show=False),
        Binding("pagedown", "move(10)", "Page down", show=False),
        Binding("backspace", "erase", "Erase", show=False),
    ]

    def __init__(self, title: str, items: Sequence[Item], chosen: Hashable = None) -> None:
        super().__init__()
        self._heading = title
        self.menu = Menu(items, chosen)
        self._count = len(items)

    def compose(self) -> ComposeResult:
        """A box with the list, and a line with what was typed."""
        with Vertical() as box:
            box.border_title = Content(visible(self._heading))
            box.styles.height = min(self._count, 30) + 3
            yield self.menu
            yield Notice()

    def on_mount(self) -> None:
        """Take the keys."""
        self.menu.focus()
        self._tell()

    def _tell(self) -> None:
        typed = self.menu.typed
        hint = "type to search · Enter chooses · Esc goes back"
        self.query_one(Notice).say([(typed, Tone.ACCENT)] if typed else [(hint, Tone.FAINT)])

    def on_key(self, event: events.Key) -> None:
        """Letters search."""
        if event.is_printable and event.character is not None and not (event.character == " " and not self.menu.typed):
            event.stop()
            event.prevent_default()
            self.menu.type(self.menu.typed + event.character)
            self._tell()

    def action_erase(self) -> None:
        """Take back a letter."""
        self.menu.type(self.menu.typed[:-1])
        self._tell()

    def action_move(self, by: int) -> None:
        """Move the selection."""
        self.menu.move(by)

    def action_take(self) -> None:
        """Answer with what is selected."""
        if self.menu.item is not None:
            self.dismiss(self.menu.item.key)

    def action_leave(self) -> None:
        """Answer with nothing."""
        self.dismiss(None)
