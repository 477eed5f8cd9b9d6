"""The parts of the network pane: interfaces, addresses, routes, neighbours, leases, name servers."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from typing import Any

from pitop.model.leads import Subject
from pitop.model.network.about import about_row, host_of, subject_of_row
from pitop.model.network.changes import row_key
from pitop.model.network.rows import Interface, Lease
from pitop.model.network.snapshot import NetworkSnapshot
from pitop.model.scope import About, Scope
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
from pitop.render.units import Unit, duration
from pitop.tui.sections import Part
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.notice import Phrase
from pitop.tui.widgets.rowline import Face

__all__ = ["PARTS", "Interfaces", "NetworkPart"]

_SPARK = 10
_SERIES = 600

_SIGNS = {"+": Face(None, "+", Tone.GOOD), "~": Face(None, "~", Tone.WARN)}


class NetworkPart(Part[Any]):
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


class Interfaces(NetworkPart):
    """Interfaces, their rates with a line of the last samples, and their addresses."""

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


class Addresses(NetworkPart):
    """Addresses, and how long they are valid."""

    stem = "addresses"
    heading = title = "Addresses"
    fields = ADDRESS_FIELDS
    usual = ("interface", "address", "scope", "broadcast", "valid_seconds", "flags")
    order = ("interface", False)
    main = ("address", "interface")
    shed = ("broadcast", "flags", "valid_seconds")
    row_word = "addresses"
    filter_example = "address in 10.0.0.0/8 · scope=global · interface=eth0"


class Routes(NetworkPart):
    """Routes of every table."""

    stem = "routes"
    heading = title = "Routes"
    fields = ROUTE_FIELDS
    usual = ("destination", "gateway", "interface", "source", "metric", "table", "type", "protocol")
    order = ("table", True)
    main = ("destination", "gateway")
    shed = ("protocol", "source", "type")
    row_word = "routes"
    filter_example = "table=main · gateway=10.0.0.1 · interface=eth0 and not type=local"


class Neighbours(NetworkPart):
    """Machines on the same cable."""

    stem = "neighbours"
    heading = title = "Neighbours"
    fields = NEIGHBOUR_FIELDS
    usual = ("address", "mac", "interface", "state", "vendor")
    order = ("address", False)
    main = ("address", "mac")
    row_word = "neighbours"
    filter_example = "state=REACHABLE · vendor~raspberry · address in 192.168.0.0/16"


class Leases(NetworkPart):
    """Addresses on loan; the times left are counted down."""

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


class Nameservers(NetworkPart):
    """Name servers, and who named them."""

    stem = "nameservers"
    heading = title = "Name servers"
    fields = NAMESERVER_FIELDS
    usual = ("address", "interface", "used", "origin")
    order = ("address", False)
    main = ("address",)
    row_word = "name servers"


PARTS: tuple[type[NetworkPart], ...] = (Interfaces, Addresses, Routes, Neighbours, Leases, Nameservers)
