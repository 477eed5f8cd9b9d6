"""What changed is said in a sentence, and appears at once."""

from __future__ import annotations

import select
import socket

from msgspec import structs

from pitop.collect.network import NetworkCollector, RouteTo
from pitop.model.network.changes import changes
from pitop.model.network.rows import Counters, Interface, Neighbour, Resolver
from pitop.model.network.snapshot import NetworkSnapshot
from tests.netlab import Lab

ETH = Interface(
    index=2,
    name="eth0",
    state="UP",
    flags=("UP", "LOWER_UP"),
    flag_bits=1,
    link_type="ether",
    link_kind="",
    mac="b8:27:eb:00:00:01",
    vendor=None,
    mtu=1500,
    queue_length=1000,
    carrier=True,
    master=None,
    parent=None,
    speed_mbit=1000,
    duplex="full",
    signal_dbm=None,
    counters=Counters(*[0] * 15),
)
NEAR = Neighbour(
    family=socket.AF_INET,
    address="10.0.0.1",
    mac="02:00:00:00:00:01",
    vendor=None,
    interface="eth0",
    state="REACHABLE",
    router=False,
    proxy=False,
    confirmed_seconds=None,
    used_seconds=None,
    updated_seconds=None,
)
WHOLE = NetworkSnapshot(
    time=5.0,
    host="h",
    interfaces=(ETH,),
    addresses=(),
    routes=(),
    rules=(),
    neighbours=(NEAR,),
    leases=(),
    resolver=Resolver(),
)


def _said(**more: object) -> list[str]:
    return [each.words for each in changes(WHOLE, structs.replace(WHOLE, **more))]


def test_sentences() -> None:
    assert _said() == []
    down = structs.replace(ETH, carrier=False, state="DOWN", speed_mbit=None)
    assert _said(interfaces=(down,)) == ["eth0 lost its carrier"]
    assert _said(interfaces=(structs.replace(ETH, flags=()),)) == ["eth0 was switched off"]
    assert _said(interfaces=()) == ["eth0 went"]
    assert _said(interfaces=(structs.replace(ETH, speed_mbit=100),)) == ["eth0 changed from 1000 to 100 Mbit/s"]
    assert _said(neighbours=(structs.replace(NEAR, state="STALE"),)) == []
    assert _said(neighbours=(structs.replace(NEAR, state="FAILED"),)) == ["10.0.0.1 on eth0 is now FAILED"]
    moved = structs.replace(NEAR, mac="02:00:00:00:00:02")
    assert _said(neighbours=(moved,)) == ["10.0.0.1 on eth0 moved from 02:00:00:00:00:01 to 02:00:00:00:00:02"]


def test_the_collector_wakes_for_changes_and_marks_them(lab: Lab) -> None:
    lab.add("a", "b")
    lab.link("a", "b", 1)
    with lab.inside("a"):
        collector = NetworkCollector()
        try:
            first = collector.collect()
            assert first.changes == ()
            assert first.interfaces[0].rx_bytes_per_second is None
            collector.collect()
            poll = select.poll()
            for descriptor in collector.descriptors():
                poll.register(descriptor, select.POLLIN)
            while poll.poll(100):
                collector.collect()
            lab.ip("a", "address", "add", "10.44.0.1/24", "dev", "a-b")
            assert poll.poll(5000)
            snapshot = collector.collect()
            assert "10.44.0.1/24 on a-b came" in [each.words for each in snapshot.changes]
            assert any(each.address == "10.44.0.1" for each in snapshot.addresses)
            assert any(each.destination == "10.44.0.0/24" for each in snapshot.routes)
            assert snapshot.interfaces[0].rx_bytes_per_second is not None
            lab.ip("a", "link", "set", "a-b", "down")
            assert poll.poll(5000)
            snapshot = collector.collect()
            assert "a-b was switched off" in [each.words for each in snapshot.changes]
            # The kernel takes IPv4 routes of a switched-off interface away without telling.
            assert not any(each.destination == "10.44.0.0/24" for each in snapshot.routes)
            collector.ask(RouteTo("10.44.0.9"))
            way = collector.collect().way
            assert way is not None
            assert way.refusal == "Network is unreachable"
            collector.ask(RouteTo("10.44."))
            assert collector.collect().way is None
        finally:
            collector.close()


def test_rates_follow_the_counters(lab: Lab) -> None:
    lab.add("a", "b")
    lab.link("a", "b", 1)
    with lab.inside("a"):
        collector = NetworkCollector()
        try:
            collector.collect()
            lab.run("a", "ping", "-c", "20", "-i", "0.002", "-s", "1000", "-q", "10.9.1.2")
            snapshot = collector.collect()
        finally:
            collector.close()
    rate = {each.name: each.rx_bytes_per_second for each in snapshot.interfaces}["a-b"]
    packets = {each.name: each.rx_packets_per_second for each in snapshot.interfaces}["a-b"]
    assert rate is not None
    assert packets is not None
    assert rate / packets > 800  # bytes a packet: what was received in between were the replies
