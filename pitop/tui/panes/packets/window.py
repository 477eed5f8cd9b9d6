"""A capture of any length as the rows of a table, of which only those near the screen are here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

from pitop.model.packets.packet import Packet
from pitop.tui.widgets.table import Table

__all__ = ["PacketTable", "Window"]


class Window(Sequence[Packet]):
    """`total` rows, those from `first` on in `packets`; the others stand as empty ones until they are here.

    `oldest` is the number of row 0 where the rows are all packets in their order, None where a filter chose them.
    """

    def __init__(
        self, packets: tuple[Packet, ...] = (), first: int = 0, total: int = 0, oldest: int | None = 1
    ) -> None:
        self.packets = packets
        self.first = first
        self.total = total
        self.oldest = oldest

    def __len__(self) -> int:
        return self.total

    @overload
    def __getitem__(self, place: int) -> Packet: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Packet]: ...
    def __getitem__(self, place: int | slice) -> Packet | Sequence[Packet]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(self.total))]
        if place < 0:
            place += self.total
        if not 0 <= place < self.total:
            raise IndexError(place)
        inside = place - self.first
        if 0 <= inside < len(self.packets):
            return self.packets[inside]
        number = 0 if self.oldest is None else self.oldest + place
        return Packet(number, 0, 0, None, None, None, None, None, "", 0, "")

    def holds(self, first: int, last: int) -> bool:
        """Whether the rows from `first` to before `last` are here, as far as there are any."""
        return self.first <= max(0, first) and self.first + len(self.packets) >= min(last, self.total)

    def place(self, number: int) -> int | None:
        """Where a packet is, as far as that can be told."""
        for place, packet in enumerate(self.packets):
            if packet.number == number:
                return self.first + place
        if self.oldest is not None and 0 <= number - self.oldest < self.total:
            return number - self.oldest
        return None


class PacketTable(Table[Packet]):
    """The table over a window; says which rows it wants to show."""

    def __init__(self, *words: Any, wanted: Callable[[int, int], None], **options: Any) -> None:
        super().__init__(*words, **options)
        self._wanted = wanted

    def to_start(self) -> None:
        """Forget which row was selected: the first is."""
        self._place = self._top = 0
        self._selected = None

    def to_end(self) -> None:
        """Show and select the newest row, without saying that somebody moved."""
        if not self._rows:
            return
        self._place = len(self._rows) - 1
        self._selected = self.key(self._rows[self._place])
        self._top = max(0, len(self._rows) - self._height)
        self._repaint()

    def _find(self, key: object) -> int | None:
        rows = self._rows
        if isinstance(rows, Window) and isinstance(key, int):
            return rows.place(key)
        return super()._find(key)

    def _repaint(self) -> None:
        super()._repaint()
        self._wanted(self._top, self._height)
