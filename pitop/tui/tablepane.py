"""What every pane with a table can do: sort, search, filter, tag, choose columns, narrow to the scope."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from textwrap import wrap
from typing import Any, ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType

from pitop.model.filter import Filter, FilterError, compile_filter
from pitop.model.leads import Visit
from pitop.model.scope import About, Scope, emptiness
from pitop.model.snapshot import Failure, Missing
from pitop.render.field import Field, Tone, by_key, operands
from pitop.render.text import sentences, visible
from pitop.tui.history import Spot
from pitop.tui.keys import key
from pitop.tui.searchpane import SearchPane
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.notice import Notice, Phrase
from pitop.tui.widgets.rowline import Face
from pitop.tui.widgets.table import Table

__all__ = ["TablePane"]

R = TypeVar("R")


class TablePane(SearchPane, Generic[R]):
    """A pane around one table.

    A subclass names its fields, usual columns and order, says what a row's identity is, and gives `everything()`, the
    rows of its newest snapshot. It may override `ordered` (to show a tree), `face`, `extra` and `summary`.
    """

    fields: ClassVar[Sequence[Field[Any]]]
    asked: ClassVar[Sequence[Field[Any]]] = ()
    usual: ClassVar[Sequence[str]]
    order: ClassVar[tuple[str, bool]]
    main: ClassVar[Sequence[str]]
    shed: ClassVar[Sequence[str]] = ()
    tree_field: ClassVar[str | None] = None
    row_word: ClassVar[str] = "rows"
    filter_example: ClassVar[str] = ""

    BINDINGS: ClassVar[list[BindingType]] = [
        key(
            "table.filter",
            "backslash,f4",
            "filter",
            "Filter",
            "Show rows that match an expression",
            footer=True,
            display="\\",
        ),
        key("table.sort", "f6", "sort_menu", "Order", "Choose what the rows are ordered by", footer=True),
        key("table.order-left", "less_than_sign", "order_beside(-1)", "Order by the column before"),
        key("table.order-right", "greater_than_sign", "order_beside(1)", "Order by the column after"),
        key("table.invert", "I", "invert", "Invert the order"),
        key("table.columns", "f2,C", "columns", "Columns", "Choose columns and their order"),
        key("table.tag", "space", "tag", "Tag", "Tag the row, for what is done to several"),
        key("table.untag", "U", "untag", "Untag all"),
        key("table.scope", "s", "scope(False)", "Scope", "Follow this one through every pane", footer=True),
        key("table.back", "escape", "back", "Step back", "Take back tags, the filter, then the scope"),
    ]

    DEFAULT_CSS = """
    TablePane > Notice { height: 0; display: none; }
    """

    def __init__(self, settings: PaneSettings | None = None, own_fields: Sequence[Field[Any]] = ()) -> None:
        """`own_fields` are those that need the pane itself, such as a history that it keeps."""
        super().__init__(settings)
        self.all_fields: Sequence[Field[Any]] = (*self.fields, *own_fields)
        self._known = by_key(self.all_fields)
        self._problem = ""
        chosen = [key for key in self.settings.columns or () if key in self._known]
        self.columns: tuple[str, ...] = tuple(chosen or self.usual)
        key, falling = self.order
        if self.settings.sort in self._known:
            key = str(self.settings.sort)
            falling = self._known[key].falling
        self.sort_key: str = key
        self.falling: bool = falling if self.settings.falling is None else self.settings.falling
        self._operands = operands([*self.fields, *self.asked])
        self._main = [self._operands[key] for key in self.main]
        self.filter: Filter[R] = compile_filter("", self._operands, self._main)
        if self.settings.filter:
            try:
                self.filter = compile_filter(self.settings.filter, self._operands, self._main)
            except FilterError as error:
                self._problem = f"filter in the configuration: {error.message}"
        self._shown = 0  # rows that passed the filter; a tree shows their ancestors, too
        self._unscoped = False  # whether there is a scope, and it means nothing to these rows
        self._scoped_out = False  # whether there is a scope, and none of the rows belongs to it
        self.vacancy = ""  # what is said where there are no rows at all
        self.table: Table[R] = Table(
            self.shown_fields(),
            self.key,
            tree=self.tree_field,
            shed=self.shed if not self.settings.columns else (),
            face=self.face,
            extra=self.extra,
            id="table",
        )

    # --- what a subclass says

    def key(self, row: R) -> Hashable:
        """A row's identity."""
        return getattr(row, "key", row)

    def everything(self) -> Sequence[R]:
        """All rows of the newest snapshot."""
        return ()

    def read(self, row: R) -> Iterable[str]:
        """The texts of the main fields."""
        fields = [self._known[key] for key in self.main if key in self._known] or self._known.values()
        return (str(field.read(row)) for field in fields)

    def about(self, row: R) -> About:
        """What a row is about, for the scope."""
        return About()

    def within(self, rows: Sequence[R]) -> Sequence[R]:
        """Those of `rows` that belong to the scope; all, where it means nothing to any of them."""
        self._unscoped = self._scoped_out = False
        scope = self.scope
        if scope is None:
            return rows
        said = [scope.holds(self.about(row)) for row in rows]
        if rows and all(each is None for each in said):
            self._unscoped = True
            return rows
        kept = [row for row, each in zip(rows, said, strict=True) if each]
        self._scoped_out = bool(rows) and not kept
        return kept

    def emptiness(self, scope: Scope) -> str:
        """Why there are no rows, where none of them belongs to the scope."""
        return emptiness(scope, self.clock)

    def watch_scope(self, scope: Scope | None) -> None:
        """Narrow to what belongs."""
        if self.is_mounted:
            self.present()

    def action_scope(self, below: bool) -> None:
        """Have every pane follow what the selected row is about, wherever it moves meanwhile."""
        self.table.pin()
        super().action_scope(below)

    def face(self, row: R) -> Face:
        """How a row looks besides its cells."""
        return Face()

    def extra(self, row: R) -> object:
        """What the row's painted form depends on besides the row object."""
        return None

    def summary(self, shown: int) -> Sequence[Phrase]:
        """The line above the table; `shown` rows are in it."""
        return ()

    def hint(self) -> Sequence[Phrase]:
        """What ends the summary line: words on the selected row."""
        return ()

    def shown_fields(self) -> list[Field[R]]:
        """The fields of the columns."""
        return [self._known[key] for key in self.columns]

    # --- what it does with it

    def compose(self) -> ComposeResult:
        """Failure, missing things, summary, table."""
        yield Notice(id="failure")
        yield Notice(id="summary")
        yield self.table

    def on_mount(self) -> None:
        """Show the order."""
        self.table.set_sorted(*self.shown_order())
        if self._problem:
            self.app.notify(visible(self._problem), severity="warning", markup=False)

    def on_resize(self) -> None:
        """The summary goes where the screen is low."""
        self.retell()

    def redrawn(self) -> None:
        """Guides and lines of history are drawn with other glyphs, too."""
        self.present()

    def shown_order(self) -> tuple[str | None, bool]:
        """The column that is marked as the order."""
        return self.sort_key, self.falling

    def fail(self, failure: Failure | None, missing: Sequence[Missing] = ()) -> None:
        """Say what could not be read, above the table; the rows that are there stay."""
        said: list[Phrase] = []
        if failure is not None:
            where = f" ({failure.where})" if failure.where else ""
            said.append((sentences(f"{failure.topic}: {failure.message}{where}", failure.advice), Tone.BAD))
        said += [(sentences(f"Not shown: {each.what}: {each.why}", each.advice), Tone.WARN) for each in missing]
        width, height = self.app.size  # low screens have no line for what does not fit
        lines = [
            [(f" {line}", t)] for words, t in said for line in (wrap(words, width - 2) if height >= 20 else [words])
        ]
        self.query_one("#failure", Notice).say(*lines[:3])

    def present(self) -> None:
        """Arrange the rows anew and show them."""
        rows, prefixes = self.ordered(self.passing(self.everything()))
        self.table.show(rows, prefixes)
        self.tell(len(rows))

    def passing(self, rows: Sequence[R]) -> list[R]:
        """Those of `rows` that pass the filter, as a list to be ordered."""
        return [row for row in rows if self.filter(row)] if self.filter.text.strip() else list(rows)

    def retell(self) -> None:
        """Renew the summary line where as many rows are shown as before."""
        self.tell(self._shown)

    def tell(self, shown: int) -> None:
        """Renew the summary line: `shown` rows passed the filter. Low screens have none."""
        self._shown = shown
        outside = self.scope if self._scoped_out else None
        self.table.empty_words = self.vacancy if outside is None else self.emptiness(outside)
        if self.app.size.height < 20:
            self.query_one("#summary", Notice).say()
            return
        phrases: list[Phrase] = []
        if self._unscoped:
            phrases.append((" the scope means nothing here: all are shown  ", Tone.WARN))
        phrases += self.summary(shown)
        if self.filter.text.strip():
            phrases.append((f"   filter: {self.filter.text}", Tone.WARN))
        if self.table.tags:
            phrases.append((f"   {len(self.table.tags)} tagged", Tone.WARN))
        phrases += self.hint()
        self.query_one("#summary", Notice).say(phrases)

    def ordered(self, rows: list[R]) -> tuple[Sequence[R], Sequence[str] | None]:
        """Order the rows that passed the filter; the guides beside them where it is a tree."""
        field = self._known[self.sort_key]
        rows.sort(key=field.order, reverse=self.falling)
        return rows, None

    # --- order and columns

    def sort_by(self, name: str, falling: bool | None = None) -> None:
        """Order by a field; by the same one again, the other way round."""
        if falling is None:
            falling = not self.falling if name == self.sort_key else self._known[name].falling
        self.sort_key, self.falling = name, falling
        self.table.set_sorted(*self.shown_order())
        self.present()

    def on_table_title_clicked(self, event: Table.TitleClicked) -> None:
        """A click on a title orders by it."""
        self.sort_by(event.field.key)

    def action_order_beside(self, by: int) -> None:
        """Order by the column before or after the one it is ordered by."""
        keys = [column.key for column in self.table.fields if column.key in self._known]
        place = keys.index(self.sort_key) + by if self.sort_key in keys else 0
        if 0 <= place < len(keys):
            self.sort_by(keys[place], self._known[keys[place]].falling)

    def action_invert(self) -> None:
        """The other way round."""
        self.sort_by(self.sort_key, not self.falling)

    def action_sort_menu(self) -> None:
        """Choose the order from all fields."""
        from pitop.tui.widgets.choice import Choice, Item

        items = [Item(each.key, each.title, each.words) for each in self.all_fields]

        def chosen(key: Hashable) -> None:
            if isinstance(key, str):
                self.sort_by(key)

        self.app.push_screen(Choice("Order by", items, self.sort_key), chosen)

    def action_columns(self) -> None:
        """Choose the columns and their order."""
        from pitop.tui.widgets.arrangement import Arrangement

        def chosen(columns: tuple[str, ...] | None) -> None:
            if columns:
                self.columns = columns
                self.table.set_fields(self.shown_fields())
                self.present()

        self.app.push_screen(Arrangement(self.all_fields, self.columns, self.usual), chosen)

    # --- tags

    def action_tag(self) -> None:
        """Tag the selected row and go on to the next."""
        row = self.table.pin()
        if row is not None:
            self.table.toggle_tag(row)
            self.table.action_move(1)
            self.retell()

    def action_untag(self) -> None:
        """Take every tag off."""
        self.table.untag()
        self.retell()

    def action_back(self) -> None:
        """Undo what narrows the view: the tags, then the filter, then the scope."""
        if self.table.tags:
            self.action_untag()
        elif self.filter.text.strip():
            self.set_filter("")
        elif self.scope is not None:
            self.post_message(self.Follow(None))

    # --- from here to elsewhere, and back

    def visit(self, visit: Visit) -> None:
        """A filter that was left here would hide what is wanted."""
        if self.filter.text.strip():
            self.set_filter("")

    def spot(self) -> Spot:
        """The filter, and where one stands in the table."""
        return Spot(filter=self.filter.text, mark=self.table.mark)

    def restore(self, spot: Spot) -> None:
        """Filter as it was, and stand where one stood."""
        if spot.filter != self.filter.text:
            self.set_filter(spot.filter)
        self.table.come_back(spot.mark)

    # --- search and filter

    def set_filter(self, text: str) -> None:
        """Show only what matches. Raises FilterError, and changes nothing then."""
        self.filter = compile_filter(text, self._operands, self._main)
        self.present()

    def action_filter(self) -> None:
        """Type an expression; it takes effect as far as it is right."""
        from pitop.tui.widgets.prompt import Answer

        self.leave_line()
        before = self.filter.text

        def changed(text: str) -> Answer:
            try:
                if text != self.filter.text:
                    self.set_filter(text)
            except FilterError as error:
                self.set_filter(before)
                return Answer(error.message, error.position, error=True)
            if not text.strip():
                return Answer(self.filter_example)
            return Answer(f"{self._shown} {self.row_word}")

        def done(text: str | None) -> None:
            if text is None:
                self.set_filter(before)

        self.ask_line("Filter", before, changed, done)
