"""Who talks with whom, with real programs, name servers and routers in networks of their own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bench.traffic import ShortLived, Watcher, flows_of, judge
from pitop.collect.traffic import TrafficCollector
from pitop.model.traffic import Talk, TrafficSnapshot
from tests.netlab import Lab
from tests.private_network import in_private_network

needs_root = pytest.mark.usefixtures("root")


def until(made: TrafficCollector, good: Callable[[TrafficSnapshot], bool]) -> TrafficSnapshot:
    """Collect until a snapshot is as wanted."""
    limit = time.monotonic() + 15
    while True:
        snapshot = made.collect()
        if good(snapshot):
            return snapshot
        assert time.monotonic() < limit, snapshot
        time.sleep(0.01)


def to(snapshot: TrafficSnapshot, port: int) -> list[Talk]:
    return [talk for talk in snapshot.talks if talk.b[1] == port]


@needs_root
@pytest.mark.parametrize("way", ["watch", "watch untraced"])
def test_short_lived_processes_through_a_name_server(peer: Callable[[str], str], way: str) -> None:
    """None is taken for another. How many are found depends on what else the machine does: see bench/traffic.py."""
    peer("dnsmasq")
    with ShortLived() as lab:
        watcher = Watcher(lab, way)
        fleet = lab.fleet(60, 5, 4)
        fleet.go()
        truth = fleet.ended()
        said = watcher.said()
    flows, queries = judge(truth.pids, flows_of(said)), judge(truth.names, said["queries"])
    assert (flows.wrong, queries.wrong) == (0, 0)
    assert len(said["queries"]) >= len(truth.names)
    if way == "watch" and said["traced"]:
        assert flows.percent >= 90
        assert queries.percent >= 90
    assert flows.percent > 0


def asked_on_loopback() -> Any:
    """A name server and its client, both here: who asks is told, also once it is gone, and never the server."""
    message = bytes.fromhex("123401000001000000000000") + b"\x03www\x07example\x00\x00\x01\x00\x01"
    answer = bytes.fromhex("123485800001000200000000") + message[12:]
    answer += bytes.fromhex("c00c000500010000003c0006") + b"\x03cdn\xc0\x10"
    answer += bytes.fromhex("c029000100010000003c0004c0000207")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, closing(TrafficCollector()) as made:
        server.bind(("127.0.0.1", 53))
        until(made, lambda snapshot: snapshot.running)
        ask = (
            "import socket, sys; u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.connect(('127.0.0.1', 53));"
            f"u.send({message!r}); u.recv(512); sys.stdin.readline()"
        )
        with subprocess.Popen([sys.executable, "-c", ask], stdin=subprocess.PIPE) as process:
            _, client = server.recvfrom(512)
            snapshot = until(made, lambda snapshot: bool(snapshot.queries) and snapshot.queries[0].pid is not None)
            server.sendto(answer, client)
            process.communicate(b"\n")
        snapshot = until(made, lambda snapshot: snapshot.queries[0].status is not None and bool(to(snapshot, 53)))
        (query,) = snapshot.queries
        (talk,) = to(snapshot, 53)
        names = [each for each in snapshot.names if each.source == "dns"]
        # One that is gone before anybody could look: unknown, or who it was; the server in no case.
        for number in range(20):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as short:
                short.sendto(number.to_bytes(2, "big") + message[2:], ("127.0.0.1", 53))
        snapshot = until(made, lambda snapshot: len(snapshot.queries) >= 21)
        return {
            "query": [query.pid == process.pid, query.start_ticks is not None, query.status],
            "talk": [talk.a_owner is not None and talk.a_owner.pid == process.pid, talk.octets_ab, talk.packets_ba],
            "serves": talk.b_owner is not None and talk.b_owner.pid == os.getpid(),
            "names": [[each.address, each.name, each.asked_by is not None and each.asked_by.pid == process.pid]
                      for each in names],
            "others": sorted({str(each.pid) for each in snapshot.queries} - {str(os.getpid()), str(process.pid)}),
        }  # fmt: skip


@needs_root
def test_who_asks_on_the_loopback_and_what_the_answer_is_called() -> None:
    found = in_private_network(asked_on_loopback)
    assert found["query"] == [True, True, "NOERROR"]
    assert found["talk"] == [True, 71, 1]
    assert found["serves"]
    assert found["names"] == [["192.0.2.7", "www.example", True]]  # what was asked for, not what it is an alias of
    assert set(found["others"]) <= {"None"}


def one_port_after_the_other() -> Any:
    """Two programs that ask from one port, one right after the other."""
    ask = (
        "import socket, sys; u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 45454));"
        "u.connect(('127.0.0.1', 53)); u.send(bytes.fromhex(sys.argv[1]) + bytes.fromhex('01000001000000000000') +"
        "b'\\1' + sys.argv[2].encode() + b'\\0\\0\\1\\0\\1'); sys.stdin.readline()"
    )
    pids = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, closing(TrafficCollector()) as made:
        server.bind(("127.0.0.1", 53))
        until(made, lambda snapshot: snapshot.running)
        for number, name in (("0001", "a"), ("0002", "b")):
            words = [sys.executable, "-c", ask, number, name]
            with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
                server.recvfrom(512)
                pids[f"{name}."] = process.pid
                until(made, lambda snapshot: bool(snapshot.queries) and snapshot.queries[0].name in pids)
                until(made, lambda snapshot: snapshot.queries[0].pid is not None or len(pids) == 2)
                process.communicate(b"\n")
        snapshot = until(made, lambda snapshot: len(snapshot.queries) == 2)
        talks = {talk.a_owner.pid for talk in to(snapshot, 53) if talk.a_owner}
        # Whoever was not found in time, on a busy machine, is unknown: nobody is taken for the other.
        return [
            all(query.pid in (None, pids[query.name]) for query in snapshot.queries),
            talks <= set(pids.values()) and bool(talks),
        ]


@needs_root
def test_a_port_that_two_programs_have_one_after_the_other() -> None:
    assert in_private_network(one_port_after_the_other) == [True, True]


def both_ends() -> Any:
    with closing(TrafficCollector()) as made, socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        until(made, lambda snapshot: snapshot.running)
        connect = (
            f"import socket, sys; s = socket.create_connection(('127.0.0.1', {port})); sys.stdin.readline(); s.close()"
        )
        with subprocess.Popen([sys.executable, "-c", connect], stdin=subprocess.PIPE) as process:
            server, _ = listener.accept()
            snapshot = until(made, lambda found: any(talk.a_owner and talk.b_owner for talk in to(found, port)))
            (talk,) = to(snapshot, port)
            cookies = [int.from_bytes(each.getsockopt(socket.SOL_SOCKET, 57, 8), "little") for each in (server,)]
            until(made, lambda found: to(found, port)[0].b_cookie == cookies[0])
            process.communicate(b"\n")
        with server:
            ended = until(made, lambda found: to(found, port)[0].ended)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as refused:
            refused.connect_ex(("127.0.0.1", 1))
        snapshot = until(made, lambda found: bool(to(found, 1)) and not found.sought)
        return {
            "owners": [
                talk.a_owner and talk.a_owner.pid == process.pid,
                talk.b_owner and talk.b_owner.pid == os.getpid(),
            ],
            "octets": talk.octets_ab,
            "here": [talk.a_here, talk.b_here],
            "order": [each.b[1] for each in snapshot.talks] == [1, port],
            "ended": len(ended.talks),
            "refused": to(snapshot, 1)[0].ends_here == (0,),
            "counts": [snapshot.attributed >= 2, snapshot.attributed + snapshot.unknown],
        }


@needs_root
def test_both_ends_of_a_connection_within_this_machine() -> None:
    found = in_private_network(both_ends)
    assert found == {
        "owners": [True, True], "octets": None, "here": [True, True], "order": True, "ended": 1, "refused": True,
        "counts": [True, 3],
    }  # fmt: skip


@needs_root
def test_without_the_right_to_capture_it_says_so_and_names_are_those_of_the_hosts_file(
    peer: Callable[[str], str],
) -> None:
    script = (
        "import json, time\n"
        "from pitop.collect.traffic import TrafficCollector\n"
        "from pitop.model.traffic import AskTraffic\n"
        "made = TrafficCollector()\n"
        "def refused():\n"
        "    limit = time.monotonic() + 10\n"
        "    while time.monotonic() < limit:\n"
        "        snapshot = made.collect()\n"
        "        if snapshot.problem: return snapshot\n"
        "        time.sleep(0.01)\n"
        "one = refused(); made.ask(AskTraffic(attempt=1)); other = refused(); made.close()\n"
        "hosts = [each.name for each in one.names if each.address == '127.0.0.1']\n"
        "print(json.dumps([one.running, one.problem, one.advice, hosts, other.problem]))\n"
    )
    nothing = [peer("setpriv"), "--bounding-set=-all", "--inh-caps=-all"]
    done = subprocess.run([*nothing, sys.executable, "-c", script], capture_output=True, text=True, check=True)
    running, problem, advice, hosts, again = json.loads(done.stdout)
    assert running is False
    assert problem == again == "capturing packets is not permitted"
    assert "root" in advice
    assert hosts == ["localhost"]


@needs_root
def test_a_router_sees_both_sides_of_what_it_translates(peer: Callable[[str], str]) -> None:
    rule = "table ip t { chain out { type nat hook postrouting priority 100; oifname router-server masquerade; }; }"
    watch = (
        "import json, sys, time\n"
        "from pitop.collect.traffic import TrafficCollector\n"
        "made = TrafficCollector()\n"
        "while not made.collect().running: time.sleep(0.01)\n"
        "print('ready', flush=True)\n"
        "limit = time.monotonic() + 12\n"
        "while time.monotonic() < limit:\n"
        "    talks = [talk for talk in made.collect().talks if talk.b[1] == 80 and talk.translated]\n"
        "    if len(talks) == 2: break\n"
        "    time.sleep(0.05)\n"
        "print(json.dumps([[talk.a, talk.translated[0], talk.ends_here] for talk in talks]), flush=True)\n"
        "made.close()\n"
    )
    with Lab() as lab:
        lab.add("client", "router", "server")
        lab.link("client", "router", 1)
        lab.link("router", "server", 2)
        lab.ip("client", "route", "add", "default", "via", "10.9.1.2")
        lab.run("router", peer("nft"), rule)
        router = lab.start("router", sys.executable, "-c", watch, ready="ready")
        with lab.inside("server"):
            listener = socket.create_server(("10.9.2.2", 80))
        with listener:
            with lab.inside("client"):
                client = socket.create_connection(("10.9.2.2", 80), timeout=5)
            with client:
                inside = list(client.getsockname())
                server, outside = listener.accept()
                assert router.stdout is not None
                with server:
                    found = json.loads(router.stdout.readline())
    sides = {tuple(seen): other for seen, other, _ in found}
    assert sides == {tuple(inside): list(outside), outside: inside}


def light() -> Any:
    """What passes the filter, over both versions of IP."""
    from pitop.collect.packets.client import CaptureClient
    from pitop.collect.packets.messages import Config, Details, Look, Rows, Select, Started

    found: dict[str, Any] = {}
    with CaptureClient(Config(light=True, limit_bytes=1 << 20)) as client:
        limit = time.monotonic() + 10
        for message in client.stream(0.02):
            if isinstance(message, Started):
                break
            assert time.monotonic() < limit
        sent = []
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with (
                socket.create_server((host, 0), family=family) as listener,
                socket.create_connection(listener.getsockname()[:2]) as one,
            ):
                other, _ = listener.accept()
                with other:
                    for _ in range(5):
                        one.sendall(b"x" * 1000)
                        other.recv(1000)
            with socket.socket(family, socket.SOCK_DGRAM) as udp:
                for port in (9, 53):
                    udp.sendto(b"y" * 900, (host, port))
            sent.append(host)
        client.send(Look(1, 100, 0, "not icmp"))
        rows: tuple[Any, ...] = ()
        for message in client.stream(0.02):
            if isinstance(message, Rows):
                rows = tuple(row for row in message.packets if row.protocol not in ("ICMP", "ICMPv6"))
                if {row.destination for row in rows if row.destination_port == 53} == set(sent):
                    break
            assert time.monotonic() < limit, rows
        for host in sent:
            mine = [row for row in rows if row.source == host and row.destination == host]
            found[host] = {
                "tcp": {flag for row in mine if row.tcp_flags for flag in row.tcp_flags} - {"."},
                "data": sum((row.payload_bytes or 0) for row in mine if row.tcp_flags and "F" not in row.tcp_flags),
                "udp": [],
            }
            for row in mine:
                if row.tcp_flags is None and row.destination_port in (9, 53):
                    client.send(Select(2, row.number))
                    for message in client.stream(0.02):
                        if isinstance(message, Details):
                            found[host]["udp"].append([row.destination_port, row.length > 900, len(message.data) > 900])
                            break
                        assert time.monotonic() < limit
    return found


@needs_root
def test_the_light_capture_takes_no_more_than_it_needs() -> None:
    found = in_private_network(light)
    for host in ("127.0.0.1", "::1"):
        assert found[host]["tcp"] >= {"S", "F"}, host
        assert found[host]["data"] == 0, host
        assert sorted(found[host]["udp"]) == [[9, True, False], [53, True, True]], host


def without_finder() -> Any:
    with closing(TrafficCollector()) as made, socket.create_server(("127.0.0.1", 0)) as listener:
        until(made, lambda snapshot: snapshot.running)
        assert made._client is not None
        os.kill(finder_of(made._client.pid), 9)
        noted = until(made, lambda snapshot: bool(snapshot.status.note))
        with socket.create_connection(listener.getsockname()):
            snapshot = until(made, lambda snapshot: bool(snapshot.talks))
        return [noted.status.note, snapshot.sought, [str(each.owner) for each in snapshot.talks]]


def finder_of(helper: int) -> int:
    return int(Path(f"/proc/{helper}/task/{helper}/children").read_text().split()[0])


@needs_root
def test_without_a_finder_capture_goes_on_and_says_that_processes_are_not_known() -> None:
    note, sought, owners = in_private_network(without_finder)
    assert "has ended" in note
    assert sought == 0
    assert owners == ["None"]


@needs_root
def test_it_ends_quickly_and_leaves_no_process_behind() -> None:
    made = TrafficCollector()
    until(made, lambda snapshot: snapshot.running)
    assert made._client is not None
    helper = made._client.pid
    finder = finder_of(helper)
    began = time.monotonic()
    made.close()
    assert time.monotonic() - began < 1.0
    limit = time.monotonic() + 5
    while os.path.exists(f"/proc/{finder}"):
        assert time.monotonic() < limit
        time.sleep(0.01)
