"""The topic's collector: starts, answers, survives its helper, writes files."""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pitop.collect.packets import dissecting
from pitop.collect.packets.collector import PacketsCollector
from pitop.collect.packets.dissecting import Dissector
from pitop.model.packets.snapshot import AskAbout, AskOverview, AskRows, Capture, Halt, PacketsSnapshot, SaveTo

DATA = Path(__file__).parents[2] / "data" / "packets"


@pytest.fixture
def collector() -> Iterator[PacketsCollector]:
    made = PacketsCollector()
    try:
        yield made
    finally:
        made.close()


def until(collector: PacketsCollector, test: Callable[[PacketsSnapshot], bool]) -> PacketsSnapshot:
    limit = time.monotonic() + 15
    while time.monotonic() < limit:
        snapshot = collector.collect()
        if test(snapshot):
            return snapshot
        select.select(collector.descriptors(), [], [], 0.05)
    raise AssertionError("not in time")


def test_a_file_is_shown_without_any_privilege(collector: PacketsCollector) -> None:
    collector.ask(Capture(path=str(DATA / "ssh.pcap")))
    collector.ask(AskRows(10, 0))
    snapshot = until(collector, lambda each: each.total == 54 and each.examined == 54)
    assert [packet.number for packet in snapshot.rows] == list(range(1, 11))
    collector.ask(AskRows(10, 0, "protocol=SSH"))
    snapshot = until(collector, lambda each: each.total == 26)
    assert {packet.protocol for packet in snapshot.rows} == {"SSH"}
    collector.ask(AskAbout(4, "ladder"))
    assert until(collector, lambda each: each.ladder is not None).ladder
    collector.ask(AskOverview("conversations"))
    assert until(collector, lambda each: each.conversations is not None).conversations


def test_nothing_is_captured_before_it_is_said_what(collector: PacketsCollector) -> None:
    collector.ask(AskRows(10))
    assert not collector.collect().running
    assert collector.descriptors() == ()


def test_what_is_no_capture_is_told(collector: PacketsCollector) -> None:
    collector.ask(Capture(path="/etc/passwd"))
    assert "not a pcap" in until(collector, lambda each: bool(each.problem)).problem


def test_a_capture_is_written_from_its_oldest_packet_on(
    collector: PacketsCollector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", object())  # what a screen puts in its place is no file
    collector.ask(Capture(path=str(DATA / "ssh.pcap")))
    until(collector, lambda each: each.status.captured == 54)
    path = tmp_path / "out.pcapng"
    collector.ask(SaveTo(str(path)))
    until(collector, lambda each: each.saved == 54)
    collector.ask(SaveTo())
    again = PacketsCollector()
    again.ask(Capture(path=str(path)))
    assert until(again, lambda each: each.status.captured == 54).status.captured == 54
    again.close()
    written = path.read_bytes()
    collector.ask(SaveTo(str(path)))
    assert "is there already" in until(collector, lambda each: bool(each.save_problem)).save_problem
    assert path.read_bytes() == written
    collector.ask(SaveTo("-"))
    assert "is the screen" in until(collector, lambda each: "screen" in each.save_problem).save_problem
    collector.ask(SaveTo("/nonexistent/place"))
    assert "No such file" in until(collector, lambda each: "No such" in each.save_problem).save_problem


@pytest.mark.usefixtures("root")
def test_a_killed_helper_is_told_and_started_again_when_asked(collector: PacketsCollector) -> None:
    collector.ask(Capture("lo"))
    until(collector, lambda each: each.running)
    assert collector._client is not None
    os.kill(collector._client.pid, 9)
    snapshot = until(collector, lambda each: bool(each.problem))
    assert not snapshot.running
    assert "killed by signal 9" in snapshot.problem
    assert collector.descriptors() == ()
    collector.ask(Capture("lo", attempt=1))
    assert until(collector, lambda each: each.running).problem == ""


@pytest.mark.usefixtures("root")
def test_an_interface_that_is_not_there_is_told_with_those_that_are(collector: PacketsCollector) -> None:
    collector.ask(Capture("nosuch0"))
    snapshot = until(collector, lambda each: bool(each.problem))
    assert "nosuch0" in snapshot.problem
    assert "lo" in snapshot.advice


def test_it_ends_quickly(collector: PacketsCollector) -> None:
    collector.ask(Capture(path=str(DATA / "ssh.pcap")))
    until(collector, lambda each: each.total == 54)
    client = collector._client
    assert client is not None
    collector.close()
    with pytest.raises(ProcessLookupError):
        os.kill(client.pid, 0)


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (Capture("nosuch0", attempt=1), "nosuch0"),
        (Capture("lo", "tcp prot 80", attempt=1), "^"),
        (Capture(path="/etc/passwd", attempt=1), "not a pcap"),
    ],
)
def test_a_capture_that_cannot_be_leaves_the_one_before_as_it_is(
    collector: PacketsCollector, wrong: Capture, words: str
) -> None:
    collector.ask(Capture("lo"))
    until(collector, lambda each: each.running)
    assert collector._client is not None
    before = collector._client.pid
    collector.ask(wrong)
    snapshot = until(collector, lambda each: each.refused)
    assert words in snapshot.problem
    assert snapshot.running
    assert snapshot.capture == Capture("lo")
    assert collector._client.pid == before
    collector.ask(snapshot.capture)
    assert not collector.collect().problem
    collector.ask(wrong)
    assert not collector.collect().problem
    collector.ask(Capture("lo", "udp", attempt=2))
    snapshot = until(collector, lambda each: each.running and each.capture.expression == "udp")
    assert not snapshot.problem
    assert collector._client.pid != before
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


@pytest.mark.usefixtures("root")
def test_a_capture_that_is_halted_keeps_what_is_there(collector: PacketsCollector) -> None:
    collector.ask(Capture("lo", "udp port 47113"))
    collector.ask(AskRows(10))
    until(collector, lambda each: each.running)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"before", ("127.0.0.1", 47113))
        collector.ask(Halt())
        snapshot = until(collector, lambda each: len(each.rows) == 1)
        assert not snapshot.running
        sender.sendto(b"after", ("127.0.0.1", 47113))
        assert apart(collector, 1)[-1] == "Raw"
        collector.ask(AskRows(5))
        assert until(collector, lambda each: each.total > 0).status.captured == 1


@pytest.mark.usefixtures("root")
def test_who_looks_away_is_told_the_counts_alone(collector: PacketsCollector) -> None:
    collector.ask(Capture("lo", "udp port 47114"))
    until(collector, lambda each: each.running)
    collector.ask(AskRows(0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", ("127.0.0.1", 47114))
    assert not until(collector, lambda each: each.status.captured == 1).rows
    collector.ask(AskRows(10))
    assert until(collector, lambda each: len(each.rows) == 1).rows


def apart(collector: PacketsCollector, number: int) -> list[str]:
    """The names of a packet's layers."""
    collector.ask(AskAbout(number))
    detail = until(collector, lambda each: each.detail is not None and each.detail.layers is not None).detail
    assert detail is not None
    assert detail.layers is not None
    assert detail.packet.number == number
    return [layer.name for layer in detail.layers]


def test_a_packet_is_taken_apart_where_it_can_do_no_harm(
    collector: PacketsCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.ask(Capture(path=str(DATA / "ssh.pcap")))
    collector.ask(AskRows(1, 0))
    until(collector, lambda each: each.total == 54)
    collector.ask(AskAbout(4))
    first = until(collector, lambda each: each.detail is not None).detail
    assert first is not None
    assert first.layers is None, "its bytes are shown while the dissector is still starting"
    assert apart(collector, 4) == ["Ethernet", "IP", "TCP", "Raw"]
    client = collector._dissector._client
    assert client is not None
    status = dict(line.split(":", 1) for line in Path(f"/proc/{client.pid}/status").read_text().splitlines())
    assert {int(status[kind], 16) for kind in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb")} <= {0} | (
        {int(status["CapBnd"], 16)} if os.geteuid() else set()
    )
    assert status["NoNewPrivs"].strip() == "1"

    os.kill(client.pid, signal.SIGSTOP)
    monkeypatch.setattr(dissecting, "_LONGEST", 0.2)
    assert apart(collector, 1) == ["not dissected"]
    with pytest.raises(ProcessLookupError):
        os.kill(client.pid, 0)
    monkeypatch.undo()
    assert apart(collector, 1) == ["Ethernet", "IP", "TCP"]
    client = collector._dissector._client
    assert client is not None
    os.kill(client.pid, signal.SIGKILL)
    assert apart(collector, 5) == ["not dissected"]
    assert apart(collector, 5)[-1] == "TCP"
    client = collector._dissector._client
    assert client is not None
    os.kill(client.pid, signal.SIGKILL)
    until(collector, lambda _: collector._dissector._client is None)
    assert apart(collector, 5)[-1] == "TCP"

    monkeypatch.setattr(dissecting, "_IDLE", 0.1)
    until(collector, lambda _: collector._dissector._client is None)
    monkeypatch.setattr(dissecting, "Client", refuse)
    assert apart(collector, 6) == ["not dissected"]
    assert collector.collect().status.captured == 54


def test_the_packet_that_was_asked_for_last_is_the_one_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [bytes(12) + b"\x08\x06" + bytes(28), bytes(12) + b"\x86\xdd" + bytes(40)]
    with closing(Dissector()) as dissector:
        dissector.begin(1, frames[0])
        for turn in range(2000):
            dissector.begin(1, frames[turn % 2])
        limit = time.monotonic() + 15
        while (layers := dissector.taken()) is None:
            assert time.monotonic() < limit
            select.select(dissector.descriptors(), [], [], 0.05)
        assert [layer.name for layer in layers][:2] == ["Ethernet", "IPv6"]
        assert not select.select(dissector.descriptors(), [], [], 0)[0]
        client = dissector._client
        assert client is not None
        os.kill(client.pid, signal.SIGSTOP)
        monkeypatch.setattr(dissecting, "_LONGEST", 0.3)
        limit = time.monotonic() + 5
        while dissector._client is client:  # however often another one is asked for
            assert time.monotonic() < limit
            dissector.begin(1, frames[0])
            dissector.taken()
            select.select(dissector.descriptors(), [], [], 0.01)


def refuse(*_: object) -> None:
    raise OSError(errno.EAGAIN, "Resource temporarily unavailable")


def test_a_full_disk_is_told_and_the_capture_goes_on(collector: PacketsCollector) -> None:
    collector.ask(Capture(path=str(DATA / "ssh.pcap")))
    collector.ask(AskRows(10, 0))
    until(collector, lambda each: each.status.captured == 54)
    collector.ask(SaveTo("/dev/full"))
    snapshot = until(collector, lambda each: bool(each.save_problem))
    assert "/dev/full: No space left on device" in snapshot.save_problem
    assert snapshot.saving is None
    collector.ask(AskRows(5, 20))
    assert until(collector, lambda each: len(each.rows) == 5).rows[0].number == 21
