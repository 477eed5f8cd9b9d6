"""The network pane: interfaces with their rates, addresses, routes, neighbours, leases, name servers.

Interfaces 4  Addresses 5  Routes 14 …
which way would it go, when asked
the table of the section
the selected interface's graphs
what changed last
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, ClassVar

from msgspec.structs import replace
from textual.binding import BindingType
from textual.widget import Widget

from pitop.collect.network import RouteTo
from pitop.collect.source import Source
from pitop.collect.topics import NETWORK
from pitop.model.leads import Subject, Visit
from pitop.model.network.about import about_row, host_of, subject_of_row
from pitop.model.network.changes import row_key
from pitop.model.network.rows import Address, Interface, Lease, Nameserver, Neighbour, Route
from pitop.model.network.snapshot import NetworkSnapshot
from pitop.model.path.diagnosis import families_of
from pitop.model.scope import About, Scope
from pitop.model.snapshot import Failure, Snapshot
from pitop.render.field import Field, Tone
from pitop.render.glyphs import sparkline
from pitop.render.network.fields import (
    ADDRESS_FIELDS,
    INTERFACE_FIELDS,
    LEASE_FIELDS,
    NAMESERVER_FIELDS,
    NEIGHBOUR_FIELDS,
    ROUTE_FIELDS,
)
from pitop.render.network.tables import way_lines
from pitop.render.units import Unit, bytes_text, duration
from pitop.tui.feed import Feed
from pitop.tui.history import Spot
from pitop.tui.keys import key
from pitop.tui.sections import Part, SectionedPane
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.notice import Notice, Phrase
from pitop.tui.widgets.prompt import Answer
from pitop.tui.widgets.rowline import Face
from pitop.tui.widgets.trend import Trend

__all__ = ["NetworkPane"]

_MARKED = 6.0  # seconds that a changed row is marked
_SPARK = 10
_SERIES = 600
_CHANGES = 3  # lines of what changed last
_WAY = 9  # lines of the way that was asked for

_SIGNS = {"+": Face(None, "+", Tone.GOOD), "~": Face(None, "~", Tone.WARN)}


class _NetworkPart(Part[Any]):
    """A table whose rows are marked for a while when they changed."""

    def __init__(self, settings: PaneSettings | None = None, own_fields: Sequence[Any] = ()) -> None:
        super().__init__(settings, own_fields)
        self.marks: dict[str, str] = {}
        self.now = 0.0
        self.snapshot: NetworkSnapshot | None = None

    def key(self, row: Any) -> Hashable:
        return row_key(row)

    def about(self, row: Any) -> About:
        return about_row(row, self.snapshot)

    def scope_here(self, below: bool) -> Scope | None:
        return host_of(self.table.selected)

    def subject(self) -> Subject | None:
        return subject_of_row(self.table.pin())

    def face(self, row: Any) -> Face:
        return _SIGNS.get(self.marks.get(row_key(row), ""), Face())


class _Interfaces(_NetworkPart):
    stem = "interfaces"
    heading = title = "Interfaces"
    fields = INTERFACE_FIELDS
    usual = (
        "name", "state", "rx_bytes_per_second", "rx_history", "tx_bytes_per_second", "tx_history", "speed_mbit", "mtu",
        "rx_errors", "rx_dropped", "mac", "addresses",
    )  # fmt: skip
    order = ("name", False)
    main = ("name",)
    shed = ("mtu", "rx_dropped", "rx_errors", "speed_mbit", "mac", "tx_history", "rx_history")
    row_word = "interfaces"
    filter_example = "state=UP · rx>1M · name~eth"

    def __init__(self, settings: PaneSettings | None = None) -> None:
        self.addresses: dict[int, str] = {}
        self.series: dict[str, tuple[deque[float | None], deque[float | None]]] = {}
        super().__init__(
            settings,
            (
                Field[Interface](
                    "rx_history",
                    "RX",
                    _SPARK,
                    Unit.TEXT,
                    lambda row: row.rx_bytes_per_second,
                    "What came in with the last samples; a full cell is the most of them.",
                    show=lambda row: self._spark(row, 0),
                    tone=lambda row: Tone.GOOD,
                ),
                Field[Interface](
                    "tx_history",
                    "TX",
                    _SPARK,
                    Unit.TEXT,
                    lambda row: row.tx_bytes_per_second,
                    "What went out with the last samples; a full cell is the most of them.",
                    show=lambda row: self._spark(row, 1),
                    tone=lambda row: Tone.ACCENT,
                ),
                Field[Interface](
                    "addresses",
                    "ADDRESSES",
                    0,
                    Unit.TEXT,
                    lambda row: self.addresses.get(row.index),
                    "Its addresses with their prefix lengths; link-local ones only where there is no other.",
                ),
            ),
        )

    def take(self, snapshot: NetworkSnapshot) -> None:
        """A new sample: the rates go into the series."""
        for row in snapshot.interfaces:
            received, sent = self.series.setdefault(row.name, (deque(maxlen=_SERIES), deque(maxlen=_SERIES)))
            received.append(row.rx_bytes_per_second)
            sent.append(row.tx_bytes_per_second)
        for name in self.series.keys() - {row.name for row in snapshot.interfaces}:
            del self.series[name]
        self.addresses = {}
        for row in snapshot.interfaces:
            held = [each for each in snapshot.addresses if each.index == row.index]
            wide = [each for each in held if each.scope != "link"] or held
            self.addresses[row.index] = " ".join(f"{each.address}/{each.prefix_length}" for each in wide)

    def extra(self, row: Interface) -> object:
        received, sent = self.series.get(row.name, ((), ()))
        return tuple(received)[-2 * _SPARK :], tuple(sent)[-2 * _SPARK :], self.addresses.get(row.index)

    def _spark(self, row: Interface, way: int) -> str:
        values = list(self.series.get(row.name, ((), ()))[way])[-2 * _SPARK :]
        top = max((value for value in values if value is not None), default=0.0)
        return sparkline(values, _SPARK, top, self.table.glyphs)

    def summary(self, shown: int) -> Sequence[Phrase]:
        rows: Sequence[Interface] = self.held
        down = [row.name for row in rows if row.up and row.carrier is False]
        phrases: list[Phrase] = [(f" {sum(row.state == 'UP' for row in rows)}", Tone.PLAIN), (" up  ", Tone.FAINT)]
        if down:
            phrases.append((f"{', '.join(down[:4])} without carrier  ", Tone.BAD))
        errors = [row.name for row in rows if row.counters.rx_errors or row.counters.tx_errors]
        if errors:
            phrases.append((f"errors on {', '.join(errors[:4])}", Tone.WARN))
        return phrases


class _Addresses(_NetworkPart):
    stem = "addresses"
    heading = title = "Addresses"
    fields = ADDRESS_FIELDS
    usual = ("interface", "address", "scope", "broadcast", "valid_seconds", "flags")
    order = ("interface", False)
    main = ("address", "interface")
    shed = ("broadcast", "flags", "valid_seconds")
    row_word = "addresses"
    filter_example = "address in 10.0.0.0/8 · scope=global · interface=eth0"


class _Routes(_NetworkPart):
    stem = "routes"
    heading = title = "Routes"
    fields = ROUTE_FIELDS
    usual = ("destination", "gateway", "interface", "source", "metric", "table", "type", "protocol")
    order = ("table", True)
    main = ("destination", "gateway")
    shed = ("protocol", "source", "type")
    row_word = "routes"
    filter_example = "table=main · gateway=10.0.0.1 · interface=eth0 and not type=local"


class _Neighbours(_NetworkPart):
    stem = "neighbours"
    heading = title = "Neighbours"
    fields = NEIGHBOUR_FIELDS
    usual = ("address", "mac", "interface", "state", "vendor")
    order = ("address", False)
    main = ("address", "mac")
    row_word = "neighbours"
    filter_example = "state=REACHABLE · vendor~raspberry · address in 192.168.0.0/16"


class _Leases(_NetworkPart):
    stem = "leases"
    heading = title = "Leases"
    fields = LEASE_FIELDS
    usual = ("interface", "address", "server", "renew_left", "rebind_left", "expiry_left", "client", "nameservers")
    order = ("interface", False)
    main = ("address", "interface")
    shed = ("nameservers", "client", "rebind_left")
    row_word = "leases"
    filter_example = "interface=eth0 · client=dhclient"

    def __init__(self, settings: PaneSettings | None = None) -> None:
        super().__init__(
            settings,
            (
                self._left(
                    "renew_left", "RENEW IN", "The client asks the same server for more time then.", "renew_time"
                ),
                self._left("rebind_left", "REBIND IN", "It asks any server then.", "rebind_time"),
                self._left("expiry_left", "ENDS IN", "The address must be given up then.", "expiry_time"),
            ),
        )

    def _left(self, name: str, title: str, words: str, moment: str) -> Field[Lease]:
        def left(row: Lease) -> float | None:
            at: float | None = getattr(row, moment)
            return None if at is None else at - self.now

        def show(row: Lease) -> str:
            seconds = left(row)
            return "-" if seconds is None else duration(seconds) if seconds >= 0 else "over"

        def tone(row: Lease) -> Tone:
            seconds = left(row)
            return Tone.FAINT if seconds is None else Tone.BAD if seconds < 0 else Tone.PLAIN

        return Field(name, title, 9, Unit.SECONDS, left, words, show=show, tone=tone)

    def extra(self, row: Lease) -> object:
        return int(self.now)


class _Nameservers(_NetworkPart):
    stem = "nameservers"
    heading = title = "Name servers"
    fields = NAMESERVER_FIELDS
    usual = ("address", "interface", "used", "origin")
    order = ("address", False)
    main = ("address",)
    row_word = "name servers"


_PARTS: tuple[type[_NetworkPart], ...] = (_Interfaces, _Addresses, _Routes, _Neighbours, _Leases, _Nameservers)


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
        self._interfaces = _Interfaces(settings)
        parts = [self._interfaces, *(part() for part in _PARTS[1:])]
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
            assert isinstance(part, _NetworkPart)
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
