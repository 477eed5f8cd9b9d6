"""A pane of several tables, one of them shown: a line with their names, and keys to go from one to the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widget import Widget

from pitop.model.leads import Subject, Visit
from pitop.model.scope import Scope
from pitop.tui.history import Spot
from pitop.tui.keys import give_keys, key
from pitop.tui.pane import Pane
from pitop.tui.settings import PaneSettings
from pitop.tui.tablepane import TablePane
from pitop.tui.widgets.names import Names

if TYPE_CHECKING:
    from pitop.tui.widgets.prompt import Prompt

__all__ = ["Part", "SectionedPane"]

R = TypeVar("R")


class Part(TablePane[R]):
    """A table of a sectioned pane; the pane hands it its rows. `title` is its name in the line."""

    title: ClassVar[str]

    def __init__(self, settings: PaneSettings | None = None, own_fields: Sequence[Any] = ()) -> None:
        super().__init__(settings, own_fields)
        self.held: Sequence[R] = ()

    def prompt(self) -> Prompt:
        """That of the whole pane."""
        return self.parent.prompt() if isinstance(self.parent, Pane) else super().prompt()

    def hold(self, rows: Sequence[R]) -> None:
        """Show these rows from now on."""
        self.held = rows
        if self.is_attached:
            self.present()

    def everything(self) -> Sequence[R]:
        """The rows that the pane gave, as far as they belong to the scope."""
        return self.within(self.held)


class SectionedPane(Pane):
    """A pane whose parts take turns. A subclass makes the parts and hands them rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("section.next", "tab", "section(1)", "Section", "Go to the next section", footer=True, display="Tab"),
        key("section.previous", "shift+tab", "section(-1)", "Section before"),
    ]

    DEFAULT_CSS = """
    SectionedPane Notice { height: 0; display: none; }
    """

    def __init__(self, settings: PaneSettings | None, parts: Sequence[Part[Any]]) -> None:
        super().__init__(settings)
        self.parts = parts
        self._shown = 0
        self.names = Names([part.title for part in parts])

    def compose(self) -> ComposeResult:
        """The names, what stands above, the parts, what stands below."""
        yield self.names
        yield from self.above()
        for place, part in enumerate(self.parts):
            part.display = place == self._shown
            yield part
        yield from self.below()

    def above(self) -> Iterable[Widget]:
        """What stands between the names and the table."""
        return ()

    def below(self) -> Iterable[Widget]:
        """What stands under the table."""
        return ()

    @property
    def front(self) -> Part[Any]:
        """The part that is shown."""
        return self.parts[self._shown]

    def focus_pane(self) -> None:
        """The keys go to the table that is shown."""
        give_keys(self.front.table)

    def redrawn(self) -> None:
        """Every part draws itself anew."""
        for part in self.parts:
            part.redrawn()

    def watch_scope(self, scope: Scope | None) -> None:
        """Every part narrows to it."""
        for part in self.parts:
            part.scope = scope

    def timed(self, time: float) -> None:
        """The parts show what the pane was given."""
        super().timed(time)
        for part in self.parts:
            part.timed(time)

    def subject(self) -> Subject | None:
        """What the selected row of the part that is shown is."""
        return self.front.subject()

    def visit(self, visit: Visit) -> None:
        """Show the part that is wanted."""
        for place, part in enumerate(self.parts):
            if part.stem == visit.view:
                self.choose(place)
        self.front.visit(visit)

    def spot(self) -> Spot:
        """The part, and where one stands in it."""
        return replace(self.front.spot(), view=self.front.stem)

    def restore(self, spot: Spot) -> None:
        """Show the part again, as it was."""
        for place, part in enumerate(self.parts):
            if part.stem == spot.view:
                self.choose(place)
                part.restore(spot)

    def choose(self, place: int) -> None:
        """Show another part."""
        if place == self._shown:
            return
        self.front.display = False
        self._shown = place
        self.front.display = True
        self.names.choose(place)
        self.front.present()
        self.focus_pane()
        self.turned()

    def turned(self) -> None:
        """Another part is shown."""

    def action_section(self, by: int) -> None:
        """On to the next part."""
        self.choose((self._shown + by) % len(self.parts))

    def on_names_chosen(self, event: Names.Chosen) -> None:
        """A name was clicked."""
        self.choose(event.place)
