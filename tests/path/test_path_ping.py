"""Echoes over real networks: with and without rights, with loss, doubles, damage, and nobody there."""

from __future__ import annotations

import json
import re
import signal
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from pitop.collect.path.ping import PingCollector
from pitop.kernel.path.pinger import Pinger, Plan
from pitop.model.path.echoes import Echo
from pitop.model.path.icmp import checksum
from pitop.model.path.snapshot import PingRequest, PingSnapshot
from tests.netlab import Lab, TunPeer, until

EVERYBODY = "0 2147483647"
NOBODY = "1 0"
USER = 65534


@pytest.fixture
def pair(lab: Lab) -> Lab:
    lab.add("a", "b")
    lab.link("a", "b", 1)
    return lab


def _all(addresses: list[str], plan: Plan) -> list[Echo]:
    found: list[Echo] = []
    with closing(Pinger(addresses, plan)) as pinger:
        while not pinger.done:
            found += pinger.poll(1.0)
    return found


def _alike(text: str) -> str:
    """Lines of ping without what differs from run to run."""
    text = re.sub(r"time=[\d.]+ ms", "time=T ms", text)
    text = re.sub(r"time \d+ms", "time Tms", text)
    return re.sub(r"= [\d.]+/[\d.]+/[\d.]+/[\d.]+ ms", "= T ms", text)


@pytest.mark.parametrize(
    ("address", "more"),
    [("10.9.1.2", ""), ("fd09:1::2", ""), ("10.9.1.2", "-s 1400"), ("fd09:1::2", "-t 9"), ("10.9.1.2", "-s 4")],
)
def test_the_lines_are_pings(pair: Lab, peer: Callable[[str], str], address: str, more: str) -> None:
    peer("ping")
    pair.run("a", "ping", "-c1", address)
    words = ["-n", "-c", "3", "-i", "0.01", *more.split(), address]
    ours, theirs = pair.python("a", "ping", *words), pair.run("a", "ping", *words)
    theirs_text = theirs.stdout
    if "-s 4" in more.replace("-s 1400", ""):  # without room for a time stamp ping tells no times; the kernel does
        theirs_text = re.sub(r"(ttl=\d+)", r"\1 time=T ms", theirs_text).rstrip() + "\nrtt min/avg/max/mdev = T ms\n"
        theirs_text = re.sub(r"\n\n(rtt)", r"\n\1", theirs_text)
    assert _alike(ours.stdout).split() == _alike(theirs_text).split()
    assert ours.returncode == 0


def test_without_rights(pair: Lab) -> None:
    pair.sysctl("a", **{"net.ipv4.ping_group_range": EVERYBODY})
    allowed = pair.python("a", "ping", "-c1", "10.9.1.2", "fd09:1::2", user=USER)
    assert (allowed.returncode, allowed.stderr) == (0, "")
    assert allowed.stdout.count("1 received") == 2
    pair.sysctl("a", **{"net.ipv4.ping_group_range": NOBODY})
    refused = pair.python("a", "ping", "-c1", "10.9.1.2", user=USER)
    assert refused.returncode == 1
    assert "not permitted to send echo requests" in refused.stderr
    assert "ping_group_range" in refused.stderr
    raw = pair.python("a", "ping", "-c1", "10.9.1.2", "fd09:1::2")  # root, whom the range leaves out too
    assert raw.stdout.count("1 received") == 2


@pytest.mark.parametrize("range_", [EVERYBODY, NOBODY])
def test_targets_do_not_take_each_others_replies(pair: Lab, range_: str) -> None:
    pair.sysctl("a", **{"net.ipv4.ping_group_range": range_})
    with pair.inside("a"):
        addresses = ["10.9.1.2", "10.9.1.2", "127.0.0.1", "127.0.0.2", "10.9.1.2", "fd09:1::2", "fd09:1::2"]
        found = _all(addresses, Plan(interval=0.02, count=5))
    assert [each for each in found if each.outcome != "reply"] == []
    for index, address in enumerate(addresses):
        mine = [each for each in found if each.target == index]
        assert [each.sequence for each in mine] == [1, 2, 3, 4, 5]
        assert {each.address for each in mine} == {address}
        assert all(each.time_ms is not None and 0 < each.time_ms < 1000 for each in mine), mine


def test_every_loss_has_its_time(pair: Lab, peer: Callable[[str], str]) -> None:
    peer("nft")
    pair.run("b", "nft", "add table ip l; add chain ip l i { type filter hook input priority 0; }")
    pair.run("b", "nft", "add rule ip l i icmp type echo-request numgen inc mod 4 == 3 drop")
    with pair.inside("a"):
        found = _all(["10.9.1.2"], Plan(interval=0.01, count=20, timeout=0.3))
    lost = [each for each in found if each.outcome == "timeout"]
    assert sorted(each.sequence for each in lost) == [4, 8, 12, 16, 20]
    sent = {each.sequence: each.sent_time for each in found}
    assert [n for n, _ in sorted(sent.items(), key=lambda each: each[1])] == list(range(1, 21))
    done = pair.python("a", "ping", "-n", "-c", "8", "-i", "0.01", "-W", "0.3", "10.9.1.2")
    assert "8 packets transmitted, 6 received, 25% packet loss" in done.stdout
    assert "no answer yet for icmp_seq=4" in done.stdout


def test_nobody_there(pair: Lab) -> None:
    pair.sysctl("a", **{"net.ipv4.neigh.a-b.retrans_time_ms": 100})
    done = pair.python("a", "ping", "-n", "-c", "1", "-W", "5", "10.9.1.66")
    assert "From 10.9.1.1 icmp_seq=1 Destination Host Unreachable" in done.stdout
    assert "1 packets transmitted, 0 received, +1 errors, 100% packet loss" in done.stdout
    assert done.returncode == 1


def test_no_way_and_no_name(pair: Lab) -> None:
    done = pair.python("a", "ping", "-c", "1", "203.0.113.1")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "Network is unreachable" in done.stderr
    done = pair.python("a", "ping", "-c", "1", "no.such.name.invalid")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert pair.python("a", "ping").returncode == 2
    assert pair.python("a", "ping", "-i", "0", "10.9.1.2").returncode == 2


def test_hops_and_fragments(lab: Lab) -> None:
    lab.add("a", "b", "c")
    lab.link("a", "b", 1)
    lab.link("b", "c", 2, mtu=1400)
    lab.ip("a", "route", "add", "default", "via", "10.9.1.2")
    lab.ip("c", "route", "add", "default", "via", "10.9.2.1")
    short = lab.python("a", "ping", "-n", "-c", "1", "-t", "1", "10.9.2.2")
    assert "From 10.9.1.2 icmp_seq=1 Time to live exceeded" in short.stdout
    large = lab.python("a", "ping", "-n", "-c", "2", "-i", "0.1", "-D", "-s", "1450", "10.9.2.2")
    assert "From 10.9.1.2 icmp_seq=1 Frag needed and DF set (mtu = 1400)" in large.stdout
    assert "message too long, mtu=1400" in large.stdout
    assert lab.python("a", "ping", "-n", "-c", "1", "-s", "1450", "10.9.2.2").returncode == 0


def _reply(packet: bytes, change: Callable[[bytes], bytes] = lambda payload: payload) -> bytes:
    """The echo reply to an IPv4 echo request, its payload changed."""
    head = (packet[0] & 15) * 4
    body = packet[head:]
    payload = change(body[8:])
    answer = b"\0\0\0\0" + body[4:8] + payload
    answer = b"\0\0" + struct.pack(">H", checksum(answer)) + answer[4:]
    ip = bytearray(packet[:20])
    ip[0] = 0x45
    ip[2:4] = struct.pack(">H", 20 + len(answer))
    ip[8] = 60
    ip[12:16], ip[16:20] = packet[16:20], packet[12:16]
    ip[10:12] = b"\0\0"
    ip[10:12] = struct.pack(">H", checksum(bytes(ip)))
    return bytes(ip) + answer


@pytest.fixture
def played(lab: Lab) -> Iterator[Callable[[Callable[[int, bytes], list[tuple[float, bytes]]]], Lab]]:
    """A namespace `a` whose neighbour 10.8.0.2 answers echoes as the test says."""
    opened: list[TunPeer] = []

    def play(answer: Callable[[int, bytes], list[tuple[float, bytes]]]) -> Lab:
        lab.add("a")

        def take(packet: bytes) -> list[tuple[float, bytes]]:
            if packet[0] >> 4 != 4 or packet[9] != 1:
                return []
            return answer(int.from_bytes(packet[26:28]), packet)

        opened.append(TunPeer(lab, "a", "t0", take))
        lab.ip("a", "address", "add", "10.8.0.1/24", "dev", "t0")
        return lab

    yield play
    for each in opened:
        each.close()


def test_doubles_late_ones_and_the_order(
    played: Callable[[Callable[[int, bytes], list[tuple[float, bytes]]]], Lab],
) -> None:
    def answer(number: int, packet: bytes) -> list[tuple[float, bytes]]:
        match number:
            case 1:
                return [(0.0, _reply(packet)), (0.01, _reply(packet))]
            case 2:
                return [(0.15, _reply(packet))]  # overtaken by the third
            case 4:
                return [(0.4, _reply(packet))]  # later than the 0.3 s that are waited for
            case _:
                return [(0.0, _reply(packet))]

    lab = played(answer)
    with lab.inside("a"):
        found = _all(["10.8.0.2"], Plan(interval=0.08, count=10, timeout=0.3))
    assert [each.sequence for each in found if each.outcome == "duplicate"] == [1]
    assert [each.sequence for each in found if each.reordered] == [2, 4]
    outcomes = [each.outcome for each in found if each.sequence == 4]
    assert outcomes == ["timeout", "late"]
    times = {each.sequence: each.time_ms for each in found if each.outcome in ("reply", "late")}
    assert times[2] == pytest.approx(150, abs=40)
    assert times[4] == pytest.approx(400, abs=40)


def test_damage_is_said(played: Callable[[Callable[[int, bytes], list[tuple[float, bytes]]]], Lab]) -> None:
    def answer(number: int, packet: bytes) -> list[tuple[float, bytes]]:
        if number == 1:
            return [(0.0, _reply(packet, lambda payload: payload[:20] + b"\xff" + payload[21:]))]
        return [(0.0, _reply(packet, lambda payload: payload[:-3]))]

    lab = played(answer)
    with lab.inside("a"):
        first, second = _all(["10.8.0.2"], Plan(interval=0.02, count=2))
    assert first.damage == "wrong data byte #20 should be 0x14 but was 0xff"
    assert second.damage == "wrong total length 61 instead of 64"
    text = lab.python("a", "ping", "-n", "-c1", "10.8.0.2").stdout
    assert "wrong data byte #20" in text
    assert "+1 corrupted" in text


def test_an_interrupt_ends_it_with_the_statistics(pair: Lab) -> None:
    process = pair.start("a", sys.executable, "-m", "pitop", "ping", "-n", "-i", "0.05", "10.9.1.2", ready="icmp_seq=2")
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    text = process.stdout.read().decode()
    assert "--- 10.9.1.2 ping statistics ---" in text
    assert "0% packet loss" in text
    assert process.wait(10) == 130


def test_a_link_local_address_with_its_zone(pair: Lab) -> None:
    held = pair.json("b", "address", "show", "dev", "b-a")[0]["addr_info"]
    address = next(each["local"] for each in held if each["scope"] == "link")
    done = pair.python("a", "ping", "-n", "-c", "1", f"{address}%a-b")
    assert "1 packets transmitted, 1 received" in done.stdout
    way = pair.python("a", "trace", "-n", f"{address}%a-b")
    assert way.returncode == 0, way.stderr


def test_json(pair: Lab) -> None:
    done = pair.python("a", "ping", "--json", "-c", "2", "-i", "0.02", "10.9.1.2", "fd09:1::2")
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["summary"]["target"] for each in documents] == ["10.9.1.2", "fd09:1::2"]
    for each in documents:
        assert each["pane"] == "ping"
        summary = each["summary"]
        assert (summary["transmitted"], summary["received"], summary["loss_percent"]) == (2, 2, 0.0)
        assert summary["min_ms"] <= summary["avg_ms"] <= summary["max_ms"]
        assert [row["sequence"] for row in each["rows"]] == [1, 2]
        assert each["rows"][0]["ttl"] == 64


def test_the_collector(pair: Lab, peer: Callable[[str], str]) -> None:
    peer("nft")
    pair.run("b", "nft", "add table ip6 l; add chain ip6 l i { type filter hook input priority 0; }")
    pair.run("b", "nft", "add rule ip6 l i icmpv6 type echo-request drop")
    request = PingRequest(
        targets=("10.9.1.2", "fd09:1::2", "203.0.113.9", "no.such.name.invalid"), interval=0.02, timeout=0.1
    )
    with pair.inside("a"), closing(PingCollector()) as collector:
        assert collector.collect().rows == ()
        collector.ask(request)
        collector.ask(request)

        def rows() -> PingSnapshot:
            return collector.collect()

        assert until(lambda: bool(rows().rows[0].tally.received > 20 and rows().rows[1].tally.lost > 5), 20)
        near, deaf, far, nowhere = rows().rows
        assert (near.tally.lost, near.window.loss_percent, near.silent) == (0, 0.0, False)
        assert near.window.p50_ms is not None
        assert (deaf.tally.received, deaf.tally.loss_percent, deaf.silent) == (0, 100.0, True)
        assert deaf.losses[0].sequence > deaf.losses[-1].sequence
        assert {loss.why for loss in deaf.losses} == {"no reply"}
        assert (far.trouble, far.address) == ("Network is unreachable", "203.0.113.9")
        assert nowhere.address is None
        assert "no.such.name.invalid" in nowhere.trouble
        collector.ask(PingRequest(targets=()))
        assert collector.collect().rows == ()


def test_targets_that_stay_are_not_disturbed(pair: Lab) -> None:
    with pair.inside("a"), closing(PingCollector()) as collector:

        def ask(*targets: str) -> None:
            collector.ask(PingRequest(targets=targets, interval=0.02, timeout=0.5))

        def received(name: str) -> int:
            return next((row.tally.received for row in collector.collect().rows if row.name == name), 0)

        ask("10.9.1.2", "10.9.1.1")
        assert until(lambda: received("10.9.1.2") > 10, 10)
        before = received("10.9.1.2")
        ask("10.9.1.2", "127.0.0.1", "10.9.1.1")
        assert received("10.9.1.2") >= before
        assert [row.name for row in collector.collect().rows] == ["10.9.1.2", "127.0.0.1", "10.9.1.1"]
        assert until(lambda: received("127.0.0.1") > 10, 10)
        ask("10.9.1.2", "127.0.0.1")  # one of two that were asked for together
        assert [row.name for row in collector.collect().rows] == ["10.9.1.2", "127.0.0.1"]
        before = received("10.9.1.2")
        assert until(lambda: received("10.9.1.2") > before + 10, 10)
        assert not any(row.tally.lost or row.tally.duplicates for row in collector.collect().rows)
