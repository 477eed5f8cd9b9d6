"""The network pane: interfaces with their rates, addresses, routes, neighbours, leases, name servers.

Interfaces 4  Addresses 5  Routes 14 …
which way would it go, when asked
the table of the section
the selected interface's graphs
what changed last
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import ClassVar

from msgspec.structs import replace
from textual.binding import BindingType
from textual.widget import Widget

from pitop.collect.network import RouteTo
from pitop.collect.source import Source
from pitop.collect.topics import NETWORK
from pitop.model.leads import Visit
from pitop.model.network.rows import Address, Interface, Lease, Nameserver, Neighbour, Route
from pitop.model.network.snapshot import NetworkSnapshot
from pitop.model.path.diagnosis import families_of
from pitop.model.snapshot import Failure, Snapshot
from pitop.render.field import Tone
from pitop.render.network.tables import way_lines
from pitop.render.units import bytes_text
from pitop.tui.feed import Feed
from pitop.tui.history import Spot
from pitop.tui.keys import key
from pitop.tui.panes.network.parts import PARTS, Interfaces, NetworkPart
from pitop.tui.sections import SectionedPane
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.notice import Notice, Phrase
from pitop.tui.widgets.prompt import Answer
from pitop.tui.widgets.trend import Trend

__all__ = ["NetworkPane"]

_MARKED = 6.0  # seconds that a changed row is marked
_CHANGES = 3  # lines of what changed last
_WAY = 9  # lines of the way that was asked for


class NetworkPane(SectionedPane):
    """Everything between the cable and the first router."""

    stem = "network"
    heading = "Network"
    words = (
        "Interfaces are the machine's doors, addresses their numbers. A route says which door a packet leaves by and "
        "which router takes it on; a neighbour is a machine on the same cable, known by its MAC address. A lease is an "
        "address on loan from a DHCP server. What changes is marked at once: + came, ~ is different."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        key("network.way", "w", "way", "Way to", "Which way a packet to an address would go, and why", footer=True),
        key("network.forget", "W", "forget", "No way", "Show the way no longer"),
    ]

    def __init__(self, settings: PaneSettings | None = None) -> None:
        self._interfaces = Interfaces(settings)
        parts = [self._interfaces, *(part() for part in PARTS[1:])]
        super().__init__(settings, parts)
        self.feed = Feed(self, NETWORK)
        self.feeds = [self.feed]
        self._snapshot: NetworkSnapshot | None = None
        self._wanted = ""
        self._received = Trend(bytes_text, Tone.GOOD, id="received")
        self._sent = Trend(bytes_text, Tone.ACCENT, id="sent")

    def wake(self, source: Source) -> None:
        """Ask again for the way that was asked for."""
        super().wake(source)
        if self._wanted:
            self.feed.ask(RouteTo(self._wanted))

    def above(self) -> Iterable[Widget]:
        """The way that was asked for."""
        yield Notice(id="way")

    def below(self) -> Iterable[Widget]:
        """The graphs, and what changed last."""
        yield self._received
        yield self._sent
        yield Notice(id="changes")

    def on_mount(self) -> None:
        """Nothing is drawn before there is something."""
        self._fit()

    def on_resize(self) -> None:
        """Graphs where there is room."""
        self._fit()

    def _fit(self) -> None:
        """The graphs take what the table does not need, within reason."""
        room = self.app.size.height
        spare = (room - 14 - max(3, len(self._interfaces.held))) // 2
        height = max(2, min(9, spare)) if room >= 24 else 0
        shown = height > 0 and self.front is self._interfaces
        for trend in (self._received, self._sent):
            trend.display = shown
            trend.styles.height = max(1, height)

    def turned(self) -> None:
        """The graphs belong to the interfaces."""
        self._fit()

    def arrived(self, newest: Snapshot | Failure) -> None:
        """A new sample."""
        if isinstance(newest, Failure):
            self.front.fail(newest)
            return
        if not isinstance(newest, NetworkSnapshot):
            return
        self._snapshot = newest
        self.front.fail(None, newest.missing)
        marks = {each.key: each.sign for each in reversed(newest.changes) if newest.time - each.time < _MARKED}
        self._interfaces.take(newest)
        kinds: Sequence[Sequence[Interface | Address | Route | Neighbour | Lease | Nameserver]] = (
            newest.interfaces,
            newest.addresses,
            newest.routes,
            newest.neighbours,
            newest.leases,
            newest.resolver.servers,
        )
        for part, rows in zip(self.parts, kinds, strict=True):
            assert isinstance(part, NetworkPart)
            part.marks, part.now, part.snapshot = marks, newest.time, newest
            part.held = rows
        self.front.present()
        self._fit()
        self.names.count([len(rows) for rows in kinds])
        self._tell_way()
        self._tell_changes()
        self._draw()

    def on_table_moved(self) -> None:
        """The graphs speak of the selected interface."""
        self._draw()

    def _draw(self) -> None:
        row = self._interfaces.table.selected
        if not isinstance(row, Interface):
            return
        received, sent = self._interfaces.series.get(row.name, ((), ()))
        self._received.show(f"{self.app_glyph('down')} {row.name}", list(received))
        self._sent.show(f"{self.app_glyph('up')} {row.name}", list(sent))

    def app_glyph(self, name: str) -> str:
        """A glyph of the level in use."""
        return str(getattr(self._received.glyphs, name))

    def _tell_changes(self) -> None:
        snapshot = self._snapshot
        lines: list[list[Phrase]] = []
        if snapshot is not None and self.app.size.height >= 22:
            for each in snapshot.changes[:_CHANGES]:
                clock = time.strftime("%H:%M:%S", time.localtime(each.time))
                fresh = snapshot.time - each.time < _MARKED
                lines.append([(f" {clock} ", Tone.FAINT), (each.words, Tone.WARN if fresh else Tone.FAINT)])
        self.query_one("#changes", Notice).say(*lines)

    # --- from here to elsewhere, and back

    def visit(self, visit: Visit) -> None:
        """The way to an address, above the routes."""
        super().visit(visit)
        self._find_way(visit.ask)

    def spot(self) -> Spot:
        """The part, and the way that is shown."""
        return replace(super().spot(), own=self._wanted)

    def restore(self, spot: Spot) -> None:
        """The part, and the way that was shown."""
        super().restore(spot)
        self._find_way(str(spot.own))

    def _find_way(self, address: str) -> None:
        self._wanted = address
        self.feed.ask(RouteTo(address))
        self._tell_way()

    # --- which way would it go

    def action_way(self) -> None:
        """Type an address; the way there is shown as it is typed."""
        self.leave_line()
        before = self._wanted

        def changed(text: str) -> Answer:
            said = text.strip()
            if said and len(families_of(said)) != 1:
                return Answer("an address, such as 192.0.2.1 or 2001:db8::1; names: in the DNS pane")
            self._wanted = said
            self.feed.ask(RouteTo(said))
            return Answer("what wins is marked; beneath are the others, and why they lose")

        def done(text: str | None) -> None:
            if text is None:
                self._wanted = before
                self.feed.ask(RouteTo(before))
            self._tell_way()

        self.ask_line("Way to", before, changed, done)

    def action_forget(self) -> None:
        """Show no way."""
        self._find_way("")

    def _tell_way(self) -> None:
        notice = self.query_one("#way", Notice)
        way = self._snapshot.way if self._snapshot is not None else None
        if not self._wanted or way is None or way.destination != self._wanted:
            notice.say()
            return
        lines: list[list[Phrase]] = []
        for number, text in enumerate(way_lines(way, 0)):
            if not number:
                tone = Tone.BAD if way.refusal is not None else Tone.STRONG
                text = text.removesuffix(" uid 0")
            else:
                tone = Tone.GOOD if "->" in text[:5] else Tone.FAINT
            lines.append([(f" {text}", tone)])
        most = max(3, min(_WAY, self.app.size.height - 16))
        notice.say(*lines[:most])
