"""The topic `talks`: the table goes on from turn to turn, also when one of its two sources is not there."""

from __future__ import annotations

from pitop.collect.talks import TalksCollector
from pitop.model.snapshot import Failure
from pitop.model.sockets import Owner, Socket
from tests.model.test_sockets import endpoint, tcp
from tests.model.test_timeline import sockets, talk, traffic


def _connection(received: int) -> Socket:
    end = endpoint(local="10.0.0.1:40000", remote="10.0.0.2:80", key=(0, 7), cookie=7, tcp=tcp(received, 10))
    return Socket(end, holder="process", owners=(Owner(900, 1900, "wget"),))


def test_rates_need_two_samples_and_come_from_the_kernels_counts() -> None:
    collector = TalksCollector()
    assert collector.collect().rows == ()
    collector.ask(sockets(1, _connection(1000)))
    (row,) = collector.collect().rows
    assert (row.program, row.received_bytes, row.received_bytes_per_second) == ("wget", 1000, None)
    collector.ask(sockets(3, _connection(5000)))
    snapshot = collector.collect()
    assert snapshot.rows[0].received_bytes_per_second == 2000
    assert snapshot.received_bytes_per_second == 2000
    assert snapshot.unknown_percent is None
    assert not snapshot.capturing


def test_a_turn_without_news_changes_nothing() -> None:
    collector = TalksCollector()
    collector.ask(sockets(1, _connection(1000)))
    before = collector.collect().rows
    assert collector.collect().rows is before


def test_one_source_that_fails_is_missing_and_the_other_goes_on() -> None:
    collector = TalksCollector()
    collector.ask(Failure("sockets", 0, "no netlink", "modprobe inet_diag", ""))
    collector.ask(traffic(3, talk(octets_ab=100, octets_ba=9000)))
    snapshot = collector.collect()
    assert snapshot.capturing
    assert [each.why for each in snapshot.missing] == ["no netlink"]
    assert snapshot.rows[0].program == "wget"
