"""The table of every pane: virtual rows, drawn line by line.

It costs what is on the screen: rows are looked at when their line is painted, and a line is painted again when its row
is another object, or looks different, than the one that was painted there. So a collector that hands on the same row
object for what has not changed pays nothing for it here. Selection, tags and the scrolled place follow the rows'
identities, not their places.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from pitop.render.field import Field, Tone
from pitop.render.text import cells, visible
from pitop.tui.history import Mark
from pitop.tui.looks import Backdrop
from pitop.tui.widgets.columns import Column, laid_out
from pitop.tui.widgets.lines import Lines
from pitop.tui.widgets.rowline import USUAL, Face, Look, Same, row_line, title_line
from pitop.tui.widgets.sideways import sideways

__all__ = ["Table"]

R = TypeVar("R")
_SIDE = 8  # cells that one key press scrolls sideways
_WHEEL = 3  # lines that one turn of the wheel scrolls


class Table(Lines, Generic[R], can_focus=True):
    """Rows under a fixed header.

    `key` gives a row's identity. `tree` names the field that carries the guides. `face` and `extra` are asked for each
    visible row: how it looks, and what its painted form depends on besides the row object (a series that moves).
    `shed` names the fields that go first where the room is short.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "first", "First row", show=False),
        Binding("end", "last", "Last row", show=False),
        Binding("left", "side(-1)", "Scroll left", show=False),
        Binding("right", "side(1)", "Scroll right", show=False),
        Binding("enter", "activate", "Open", show=False, id="table.open", tooltip="The selected row in full"),
    ]

    top_down = True

    DEFAULT_CSS = """
    Table { height: 1fr; width: 1fr; }
    """

    class Moved(Message):
        """The selection is on another row."""

        def __init__(self, table: Table[Any]) -> None:
            self.table = table
            super().__init__()

    class Activated(Message):
        """Enter or a double click on the selected row."""

        def __init__(self, table: Table[Any]) -> None:
            self.table = table
            super().__init__()

    class TitleClicked(Message):
        """A click on a column's title."""

        def __init__(self, table: Table[Any], field: Field[Any]) -> None:
            self.table = table
            self.field = field
            super().__init__()

    class GuideClicked(Message):
        """A click on the guides of a row: fold or unfold."""

        def __init__(self, table: Table[Any]) -> None:
            self.table = table
            super().__init__()

    def __init__(
        self,
        fields: Sequence[Field[R]],
        key: Callable[[R], Hashable],
        *,
        tree: str | None = None,
        shed: Sequence[str] = (),
        face: Callable[[R], Face] | None = None,
        extra: Callable[[R], object] | None = None,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._fields: Sequence[Field[R]] = fields
        self.key = key
        self._tree = tree
        self._shed = shed
        self._face = face
        self._extra = extra
        self._rows: Sequence[R] = ()
        self._prefixes: Sequence[str] | None = None
        self._top = 0
        self._side = 0
        self._place = 0  # of the selection
        self._selected: Hashable = None  # its identity; None while nobody has moved it off the first row
        self._pinned: R | None = None
        self.tags: dict[Hashable, R] = {}
        self._sorted: tuple[str, bool] | None = None
        self._painted: dict[int, Look] = {}
        self._columns: Sequence[Column[R]] = ()
        self._laid_out_for = 0  # cells
        self._widths: dict[str, int] = {}
        self._empty_words = ""
        self._mark: Mark | None = None  # where to come back to, while there are no rows or no room yet
        self.following = False  # whether the selected row is brought into view at every update

    # --- what it shows

    @property
    def rows(self) -> Sequence[R]:
        """The rows, in the order shown."""
        return self._rows

    @property
    def on_screen(self) -> Sequence[R]:
        """The rows that are on the screen now, from the top."""
        return self._rows[self._top : self._top + self._height]

    @property
    def fields(self) -> Sequence[Field[R]]:
        """The columns' fields."""
        return self._fields

    @property
    def selected(self) -> R | None:
        """The row under the selection, or None where there is none."""
        return self._rows[self._place] if self._place < len(self._rows) else None

    @property
    def place(self) -> int:
        """Where in the rows the selection is."""
        return self._place

    @property
    def empty_words(self) -> str:
        """What is said where there are no rows."""
        return self._empty_words

    @empty_words.setter
    def empty_words(self, words: str) -> None:
        if words != self._empty_words:
            self._empty_words = words
            if self.is_attached:
                self.refresh_line(2)

    @property
    def mark(self) -> Mark:
        """Where one stands, to come back to."""
        return self._mark or Mark(self._selected, self._place, self._top)

    def show(self, rows: Sequence[R], prefixes: Sequence[str] | None = None) -> None:
        """Show `rows`, with the guides of each where it is a tree. Only lines that look different are painted."""
        line = self._place - self._top
        if not (self._rows and rows):
            self.refresh_line(2)  # the words that stand for no rows
        self._rows = rows
        self._prefixes = prefixes
        if self._selected is None:
            self._place = 0
        elif rows:
            place = self._find(self._selected)
            if place is None:
                # Its row is gone: the selection stays where it was on the screen, on whoever is there now.
                place = min(self._place, len(rows) - 1)
                self._selected = self.key(rows[place])
            self._place = place
            if 0 <= line < self._height:
                self._top = place - line  # the same line of the screen, wherever the row has gone
        else:
            self._place = 0
        self._top = max(0, min(self._top, len(rows) - self._height))
        if self.following or 0 <= line < self._height:
            self._reveal()
        self._repaint()
        self._come_back()

    def set_fields(self, fields: Sequence[Field[R]]) -> None:
        """Show other columns."""
        self._fields = fields
        self._lay_out()

    def set_sorted(self, key: str | None, falling: bool = False) -> None:
        """Mark the column that the rows are sorted by."""
        self._sorted = None if key is None else (key, falling)
        self._painted.pop(0, None)
        self.refresh_line(0)

    def set_width(self, key: str, width: int) -> None:
        """Give a column a width of its own."""
        if self._widths.get(key) != width:
            self._widths[key] = width
            self._lay_out()

    # --- selection and tags

    def select(self, key: Hashable) -> bool:
        """Move the selection to the row of that identity, scrolled into view; False when it is not shown."""
        place = self._find(key)
        if place is None:
            return False
        self._go(place)
        return True

    def aim(self, key: Hashable) -> None:
        """Select the row of that identity, now or when it is first shown."""
        if not self.select(key):
            self._selected = key
            self._mark = None

    def come_back(self, mark: Mark) -> None:
        """Stand where one stood, now or when there are rows: on the same row, or on the nearest to where it was."""
        self._mark = mark
        self._come_back()

    def _come_back(self) -> None:
        mark = self._mark
        if mark is None or not self._rows or not self.size.height:
            return
        self._mark = None
        last = len(self._rows) - 1
        if mark.selected is None:
            self._selected, self._place, self._top = None, 0, mark.top
        else:
            found = self._find(mark.selected)
            self._place = min(mark.place, last) if found is None else found
            self._selected = self.key(self._rows[self._place])
            self._top = self._place - (mark.place - mark.top)  # the same line of the screen
        self._top = max(0, min(self._top, len(self._rows) - self._height))
        if 0 <= mark.place - mark.top < self._height:
            self._reveal()
        self._repaint()
        self.post_message(self.Moved(self))

    def toggle_tag(self, row: R) -> None:
        """Tag a row, or take its tag off."""
        key = self.key(row)
        if self.tags.pop(key, None) is None:
            self.tags[key] = row
        self._repaint()

    def tag(self, rows: Sequence[R]) -> None:
        """Tag all of `rows`."""
        self.tags.update((self.key(row), row) for row in rows)
        self._repaint()

    def untag(self) -> None:
        """Take every tag off."""
        self.tags.clear()
        self._repaint()

    def pin(self) -> R | None:
        """The selected row, from now on followed by its identity even if nobody has moved the selection yet."""
        row = self.selected
        if row is not None:
            self._selected = self.key(row)
        return row

    def _find(self, key: Hashable) -> int | None:
        rows, key_of = self._rows, self.key
        if self._place < len(rows) and key_of(rows[self._place]) == key:
            return self._place
        return next((place for place, row in enumerate(rows) if key_of(row) == key), None)

    # --- moving

    @property
    def _height(self) -> int:
        """Lines there are for rows."""
        return max(1, self.size.height - 1)

    def _go(self, place: int) -> None:
        self._mark = None
        if not self._rows:
            return
        place = max(0, min(place, len(self._rows) - 1))
        key = self.key(self._rows[place])
        moved = place != self._place or key != self._selected
        self._place, self._selected = place, key
        self._reveal()
        self._repaint()
        if moved:
            self.post_message(self.Moved(self))

    def _reveal(self) -> None:
        if self._place < self._top:
            self._top = self._place
        elif self._place >= self._top + self._height:
            self._top = self._place - self._height + 1

    def action_move(self, by: int) -> None:
        """Move the selection by rows."""
        self._go(self._place + by)

    def action_page(self, by: int) -> None:
        """Move the selection by a screenful."""
        step = by * max(1, self._height - 1)
        self._top = max(0, min(self._top + step, len(self._rows) - self._height))
        self._go(self._place + step)

    def action_first(self) -> None:
        """To the first row, and stay there whatever row that is."""
        self._go(0)
        self._selected = None

    def action_last(self) -> None:
        """To the last row."""
        self._go(len(self._rows) - 1)

    def action_side(self, by: int) -> None:
        """Scroll sideways."""
        side = max(0, min(self._side + by * _SIDE, self._widest() - self.size.width))
        if side != self._side:
            self._side = side
            self._painted.clear()
            self.refresh()

    def action_activate(self) -> None:
        """Open what is selected."""
        if self.pin() is not None:
            self.post_message(self.Activated(self))

    def _widest(self) -> int:
        """The cells that the visible lines would take if nothing were cut."""
        looks = [look for y in range(1, self._height + 1) if (look := self._look(y)) is not None]
        lines = [self._row_line(look, None) for look in looks]
        return max((sum(segment.cell_length for segment in line) for line in lines), default=0)

    # --- painting

    def _lay_out(self) -> None:
        self._laid_out_for = self.size.width
        self._columns = laid_out(self._fields, self._laid_out_for - 1, self._widths, self._shed)
        self._painted.clear()
        self.refresh()

    def on_resize(self) -> None:
        """Lay the columns out anew where there is more or less room for them; the selection stays on the screen."""
        self._top = max(0, min(self._top, len(self._rows) - self._height))
        self._reveal()
        if self._laid_out_for != self.size.width:
            self._lay_out()
        else:
            self._repaint()
        self._come_back()

    def forget_changed(self) -> None:
        """Textual refreshes what gets or loses the focus: the rows are the same before and after."""
        for y in list(self._drawn):
            if not y or self._painted.get(y) != self._look(y):
                del self._drawn[y]

    def themed(self) -> None:
        """Another theme: paint everything."""
        self._painted.clear()

    def repaint(self) -> None:
        """Rows look as they did, and are drawn again nevertheless."""
        self._painted.clear()
        super().repaint()

    def _repaint(self) -> None:
        """Have those lines painted that would look different; a row that has only moved keeps its strip."""
        changed: dict[int, Look | None] = {}
        for y in range(1, self.size.height):
            look = self._look(y)
            if self._painted.get(y) != look:
                changed[y] = look
        drawn = self._drawn
        kept = {id(look.same.row): (look, drawn[y]) for y, look in self._painted.items() if y in drawn}
        self.refresh_lines(changed)
        for y, look in changed.items():
            if look is not None and y not in drawn:
                before, strip = kept.get(id(look.same.row), (None, None))
                if strip is not None and before == look:
                    self._painted[y], drawn[y] = look, strip

    def _look(self, y: int) -> Look | None:
        place = self._top + y - 1
        if place >= len(self._rows):
            return None
        row = self._rows[place]
        tagged = self.key(row) in self.tags
        backdrop = Backdrop.SELECTED if place == self._place else Backdrop.TAGGED if tagged else Backdrop.PLAIN
        return Look(
            Same(row),
            tagged,
            self._prefixes[place] if self._prefixes is not None else "",
            self._face(row) if self._face is not None else USUAL,
            backdrop,
            self._extra(row) if self._extra is not None else None,
        )

    def backdrop(self, y: int) -> Style:
        """The selected row's bar goes over the whole width."""
        if y == 0:
            return self.looks.style(Tone.FAINT, Backdrop.HEAD)
        look = self._painted.get(y)
        return self.looks.style(Tone.PLAIN, Backdrop.PLAIN if look is None else look.backdrop)

    def line(self, y: int) -> list[Segment]:
        """The header, or a row."""
        if y == 0:
            return sideways(title_line(self._columns, self._sorted, self.looks, self.glyphs), self._side, self.across)
        look = self._look(y)
        if look is None:
            self._painted.pop(y, None)
            words = self.empty_words if y == 2 and not self._rows else ""
            return [Segment("  " + visible(words), self.looks.style(Tone.FAINT))] if words else []
        self._painted[y] = look
        return sideways(self._row_line(look, self.across + self._side), self._side, self.across)

    def _row_line(self, look: Look, limit: int | None) -> list[Segment]:
        return row_line(self._columns, look, self._tree, self.looks, self.glyphs, limit)

    # --- the mouse

    def on_click(self, event: events.Click) -> None:
        """Select a row, sort by a title, fold by a guide; a double click opens."""
        if event.y == 0:
            field = self._field_at(event.x + self._side)
            if field is not None:
                self.post_message(self.TitleClicked(self, field))
            return
        place = self._top + event.y - 1
        if place >= len(self._rows):
            return
        again = place == self._place
        self._go(place)
        if self._prefixes is not None and self._on_guide(event.x + self._side, place):
            self.post_message(self.GuideClicked(self))
        elif again and event.chain == 2:
            self.action_activate()

    def _field_at(self, x: int) -> Field[R] | None:
        start = 1
        for column in self._columns:
            if x < start + column.width + 1 or column.free:
                return column.field
            start += column.width + 1
        return None

    def _on_guide(self, x: int, place: int) -> bool:
        start = 1
        for column in self._columns:
            if column.field.key == self._tree:
                prefix = self._prefixes[place] if self._prefixes is not None else ""
                return start <= x < start + max(2, cells(prefix))
            start += column.width + 1
        return False

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll without moving the selection."""
        event.stop()
        self._scroll(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll without moving the selection."""
        event.stop()
        self._scroll(-_WHEEL)

    def _scroll(self, by: int) -> None:
        top = max(0, min(self._top + by, len(self._rows) - self._height))
        if top != self._top:
            self._top = top
            self._repaint()
