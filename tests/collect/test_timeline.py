"""The topic `timeline`: what it takes in, and how often it needs what it is made of."""

from __future__ import annotations

from msgspec.structs import replace

from pitop.collect.timeline import TimelineCollector
from pitop.model.events import EventKind, Origin
from pitop.model.snapshot import Failure
from pitop.model.sockets import Owner, Socket
from tests.model.test_sockets import endpoint, tcp
from tests.model.test_timeline import event, events, sockets, talk, traffic


def test_samples_are_spared_only_where_the_kernel_tells_of_processes_and_packets_of_connections() -> None:
    collector = TimelineCollector()
    collector.ask(sockets(1))
    collector.ask(events())
    collector.collect()
    assert collector.paces() == {}
    collector.ask(traffic(2))
    collector.collect()
    assert collector.paces() == {"processes": 2, "sockets": 2}
    collector.ask(replace(events(), origin=Origin.SCAN))
    collector.collect()
    assert collector.paces() == {}
    collector.ask(events())
    collector.ask(Failure("traffic", 0, "no right to capture", "", ""))
    collector.collect()
    assert collector.paces() == {}


def test_of_several_tellings_of_the_traffic_the_newest_counts_and_all_events_do() -> None:
    collector = TimelineCollector()
    collector.ask(traffic(2, talk(1)))
    collector.ask(events(event(EventKind.FORK, 1, 900)))
    collector.ask(traffic(3, talk(1), talk(2, began=2.5, a=("10.0.0.1", 40001))))
    collector.ask(events(event(EventKind.FORK, 1, 900), event(EventKind.FORK, 2, 901)))
    rows = collector.collect().rows
    assert sorted(row.kind.value for row in rows) == ["forked", "forked", "opened", "opened"]
    assert collector.collect().rows is rows


def test_what_the_traffic_tells_before_the_sockets_stays_before_them() -> None:
    """A connection of which packets tell, whose socket has been seen, and which is closed in the same turn."""
    collector = TimelineCollector()
    end = endpoint(local="10.0.0.1:40000", remote="10.0.0.2:80", key=(0, 7), cookie=7, tcp=tcp(10, 10))
    row = Socket(end, holder="process", owners=(Owner(900, 1900, "wget"),), first_seen=None)
    collector.ask(traffic(1))
    collector.ask(sockets(1))
    collector.ask(sockets(2, row))
    collector.collect()
    collector.ask(traffic(2.5, talk(1)))
    collector.ask(sockets(3, closed=(replace(row, closed_time=None),)))
    collector.ask(traffic(3.5, talk(1)))
    assert [row.kind.value for row in collector.collect().rows].count("opened") == 1
