"""The line of sums above the table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from pitop.model.memory.rows import MemoryRow
from pitop.render.field import Tone
from pitop.render.text import fit
from pitop.render.units import UNKNOWN
from pitop.tui.looks import Backdrop
from pitop.tui.panes.memory.painted import Painted
from pitop.tui.widgets.columns import laid_out
from pitop.tui.widgets.table import Table

__all__ = ["Totals"]


class Totals(Painted):
    """The sums over the rows, in the columns of the table below."""

    DEFAULT_CSS = """
    Totals { height: 1; width: 1fr; }
    """

    def __init__(self, table: Table[MemoryRow], shed: Sequence[str]) -> None:
        super().__init__()
        self._table = table
        self._shed = shed
        self._sums: MemoryRow | None = None

    def show(self, sums: MemoryRow | None) -> None:
        """Show these sums."""
        self._sums = sums
        self.renew()

    def backdrop(self, y: int) -> Style:
        """A bar, as the titles'."""
        return self.looks.style(Tone.FAINT, Backdrop.HEAD)

    def composed(self, width: int, height: int) -> Sequence[Sequence[Segment]]:
        """One line."""
        if self._sums is None:
            return ()
        texts = []
        for column in laid_out(self._table.fields, width - 1, {}, self._shed):
            text = column.field.text(self._sums)
            texts.append(fit("" if text == UNKNOWN else text, column.width, right=column.field.right))
        return [[Segment(" " + " ".join(texts), self.looks.style(Tone.STRONG, Backdrop.HEAD))]]
