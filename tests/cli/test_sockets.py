"""`pitop sockets` beside ss and netstat, on one of every socket that a machine can have without a second one."""

from __future__ import annotations

import json
import os
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.private_network import in_private_network

PITOP = [sys.executable, "-m", "pitop", "sockets"]

STATES = {  # netstat's word → ss's
    "LISTEN": "LISTEN",
    "ESTABLISHED": "ESTAB",
    "SYN_SENT": "SYN-SENT",
    "TIME_WAIT": "TIME-WAIT",
    "CLOSE_WAIT": "CLOSE-WAIT",
    "FIN_WAIT2": "FIN-WAIT-2",
    "FIN_WAIT1": "FIN-WAIT-1",
    "LISTENING": "LISTEN",
    "CONNECTED": "ESTAB",
    "CONNECTING": "ESTAB",
    "": "UNCONN",
}


@dataclass(frozen=True)
class Seen:
    """What every tool said of the same sockets."""

    rows: list[dict[str, Any]]
    text: str
    ss: str
    ss_tcp: str
    netstat: str
    tables: list[dict[str, Any]]
    pid: int
    child: int


def until(what: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10
    while not what():
        assert time.monotonic() < limit
        select.select([], [], [], 0.01)


def tcp_state(one: socket.socket) -> int:
    return one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


def ran(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def pair(family: int, address: str, backlog: int = 5) -> tuple[socket.socket, socket.socket, socket.socket]:
    listener = socket.create_server((address, 0), family=family, backlog=backlog)
    client = socket.create_connection(listener.getsockname()[:2])
    return listener, client, listener.accept()[0]


def zoo(folder: Path, kept: list[socket.socket]) -> None:
    """Open every kind in every state into `kept`, and have them rest."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        kept += (trio := pair(family, address))
        trio[1].sendall(b"x" * 5000)  # unread: it waits in the receive queue
        kept += (half := pair(family, address))
        half[1].shutdown(socket.SHUT_WR)
        until(lambda half=half: (tcp_state(half[1]), tcp_state(half[2])) == (5, 8))  # FIN_WAIT2, CLOSE_WAIT
        listener, client, server = pair(family, address)
        kept.append(listener)
        client.close()
        server.close()  # leaves TIME_WAIT with the client's side
        datagrams = socket.socket(family, socket.SOCK_DGRAM)
        datagrams.bind((address, 0))
        connected = socket.socket(family, socket.SOCK_DGRAM)
        connected.connect(datagrams.getsockname())
        connected.send(b"unread")
        kept += [datagrams, connected]
        light = socket.socket(family, socket.SOCK_DGRAM, 136)  # UDP-Lite
        light.bind((address, 0))
        raw = socket.socket(family, socket.SOCK_RAW, 1 if family == socket.AF_INET else 58)
        kept += [light, raw]
    full = socket.create_server(("0.0.0.0", 0), backlog=3)
    kept += [full, *(socket.create_connection(("127.0.0.1", full.getsockname()[1])) for _ in range(2))]
    both = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    inside = socket.create_connection(("127.0.0.1", both.getsockname()[1]))
    kept += [both, inside, both.accept()[0]]
    ran("ip", "link", "add", "hole0", "type", "veth", "peer", "name", "hole1")  # nobody answers what is sent through it
    ran("ip", "address", "add", "192.0.2.1/24", "dev", "hole0")
    ran("ip", "link", "set", "hole0", "up")
    ran("ip", "link", "set", "hole1", "up")
    ran("ip", "neighbour", "add", "192.0.2.99", "lladdr", "02:00:00:00:00:01", "dev", "hole0")
    asking = socket.socket()
    asking.setblocking(False)
    asking.connect_ex(("192.0.2.99", 443))
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"hole0")
    bound.bind(("0.0.0.0", 5353))
    capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
    capture.bind(("hole0", 0x0806))
    kept += [asking, bound, capture]
    for number, kind in enumerate((socket.SOCK_STREAM, socket.SOCK_SEQPACKET)):
        for name in (str(folder / f"socket{number}"), f"\0abstract\0{number}"):
            listener = socket.socket(socket.AF_UNIX, kind)
            listener.bind(name)
            listener.listen(4)
            client = socket.socket(socket.AF_UNIX, kind)
            client.connect(name)
            kept += [listener, client, listener.accept()[0]]
    mailbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    mailbox.bind(str(folder / "mail\x1b[31m"))
    writer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    writer.connect(str(folder / "mail\x1b[31m"))
    kept += [mailbox, writer, *socket.socketpair()]


def tables_only() -> list[dict[str, Any]]:
    """What the same command prints where the kernel has no sock_diag at all."""
    source = (
        "from pitop.collect.sockets import collector\n"
        "from pitop.kernel.sockets.diag import DiagAbsent\n"
        "class Absent:\n"
        "    def __init__(self): raise DiagAbsent('none')\n"
        "collector.Diag = Absent\n"
        "from pitop.cli.sockets import run\n"
        "run(['--json'])\n"
    )
    return json.loads(ran(sys.executable, "-c", source))["rows"]  # type: ignore[no-any-return]


_SEEN: list[Seen] = []  # looked at once for all tests


@pytest.fixture
def seen(peer: Callable[[str], str], root: None, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    for tool in ("ip", "ss", "netstat"):
        peer(tool)
    if not _SEEN:
        _SEEN.append(everything_said(tmp_path_factory.mktemp("zoo")))
    return _SEEN[0]


def everything_said(folder: Path) -> Seen:
    """Open one of every kind, and ask every tool."""

    def look() -> Seen:
        kept: list[socket.socket] = []
        try:
            zoo(folder, kept)
            descriptors = [kept[0].fileno()]
            with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=descriptors) as cat:
                return Seen(
                    rows=json.loads(ran(*PITOP, "--json"))["rows"],
                    text=ran(*PITOP),
                    ss=ran("ss", "-H", "-O", "-tuwxapne0"),
                    ss_tcp=ran("ss", "-H", "-O", "-tanie"),
                    netstat=ran("netstat", "-nap", "-W"),
                    tables=tables_only(),
                    pid=os.getpid(),
                    child=cat.pid,
                )
        finally:
            for each in kept:
                each.close()

    return in_private_network(look)


def end(address: str | None, port: int | None) -> str:
    """An end as ss writes it."""
    text = address or "*"
    return f"{f'[{text}]' if ':' in text else text}:{'*' if port is None else port}"


def plain(address: str) -> str:
    """ss's writing of an address without what it adds: brackets of IPv4 in IPv6, the interface, `*` for any."""
    host, _, port = address.rpartition(":")
    host = re.sub(r"^\[::ffff:([\d.]+)\]$", r"\1", host)
    return f"{host.partition('%')[0]}:{port}"


def ss_internet(seen: Seen) -> dict[str, dict[str, Any]]:
    """ss's lines of tcp, udp and udplite by the socket's cookie."""
    found = {}
    for line in seen.ss.splitlines():
        part = line.split(None, 6)
        if part[0] not in ("tcp", "udp", "UNCONN"):
            continue
        rest = part[6] if len(part) > 6 else ""
        cookie = int(re.search(r"sk:([0-9a-f]+)", rest)[1], 16)  # type: ignore[index]
        inode = re.search(r"ino:(\d+)", rest)
        uid = re.search(r"uid:(\d+)", rest)
        found[cookie] = {
            "state": part[1],
            "queues": (int(part[2]), int(part[3])),
            "local": plain(part[4]),
            "remote": plain(part[5]),
            "inode": int(inode[1]) or None if inode else None,
            "uid": int(uid[1]) if uid else None,
            "pids": {int(pid) for pid in re.findall(r"pid=(\d+)", rest)},
        }
    return found  # type: ignore[return-value]


def test_every_internet_socket_equals_ss(seen: Seen) -> None:
    told = ss_internet(seen)
    rows = {
        row["cookie"]: {
            "state": STATES[row["state"]],
            "queues": (row["receive_queue"], row["send_queue"]),
            "local": end(row["local_address"], row["local_port"]),
            "remote": end(row["remote_address"], row["remote_port"]),
            "inode": row["inode"],
            "uid": row["uid"] or None,
            "pids": {owner["pid"] for owner in row["owners"]},
        }
        for row in seen.rows
        if row["protocol"].rstrip("6") in ("tcp", "udp")
    }
    for row in (*told.values(), *rows.values()):  # ss writes * for both families where a socket serves both
        row["local"] = row["local"].replace("[::]:", "*:")
        row["remote"] = row["remote"].replace("[::]:", "*:")
    assert len(rows) > 25
    assert rows == told


def test_every_state_is_there(seen: Seen) -> None:
    states = {row["state"] for row in seen.rows if row["protocol"] in ("tcp", "tcp6")}
    assert states >= {"LISTEN", "ESTABLISHED", "SYN_SENT", "TIME_WAIT", "CLOSE_WAIT", "FIN_WAIT2"}
    kinds = {(row["protocol"], row["kind"]) for row in seen.rows}
    assert kinds >= {
        ("udplite", None), ("udplite6", None), ("raw", None), ("raw6", None), ("packet", None),
        ("unix", "STREAM"), ("unix", "DGRAM"), ("unix", "SEQPACKET"),
    }  # fmt: skip


def test_round_trips_and_windows_equal_ss(seen: Seen) -> None:
    rows = {row["cookie"]: row for row in seen.rows}
    compared = 0
    for line in seen.ss_tcp.splitlines():
        cookie = re.search(r"sk:([0-9a-f]+)", line)
        rtt = re.search(r" rtt:([\d.]+)/([\d.]+)", line)
        if cookie is None or rtt is None or line.startswith("SYN-SENT"):
            continue
        row = rows[int(cookie[1], 16)]
        if row["rtt_ms"] is None:
            continue
        compared += 1
        assert row["rtt_ms"] == pytest.approx(float(rtt[1]), abs=0.001)
        assert row["rtt_variation_ms"] == pytest.approx(float(rtt[2]), abs=0.001)

        def number(name: str, line: str = line) -> float | None:
            found = re.search(rf" {name}:([\d.]+)", line)
            return float(found[1]) if found else None

        assert row["congestion_window"] == number("cwnd")
        assert row["mss_bytes"] == number("mss")
        assert row["path_mtu_bytes"] == number("pmtu")
        assert row["rto_ms"] == number("rto")
        assert (row["bytes_sent"] or None) == number("bytes_sent")
        assert (row["bytes_received"] or None) == number("bytes_received")
        assert (row["bytes_acked"] or None) == number("bytes_acked")
        assert f" {row['congestion_control']} " in line
        assert row["minimum_rtt_ms"] == number("minrtt")
    assert compared > 8


def test_every_unix_socket_equals_ss(seen: Seen) -> None:
    told = {}
    for line in seen.ss.splitlines():
        match = re.match(r"u_(str|dgr|seq) +(\S+) +(\d+) +(\d+) +(.*?) (\d+) +\* (\d+) (.*)$", line)
        if match is None:
            continue
        kind, state, waiting, sending, name, inode, peer, rest = match.groups()
        told[int(inode)] = (
            {"str": "STREAM", "dgr": "DGRAM", "seq": "SEQPACKET"}[kind],
            state,
            (int(waiting), int(sending)),
            name.strip(),
            int(peer),
            {int(pid) for pid in re.findall(r"pid=(\d+)", rest)},
        )
    rows = {
        row["inode"]: (
            row["kind"],
            STATES[row["state"]],
            (row["receive_queue"], row["send_queue"]),
            (row["local_address"] or "*").replace("\x1b", "?"),
            row["peer_inode"] or 0,
            {owner["pid"] for owner in row["owners"]},
        )
        for row in seen.rows
        if row["protocol"] == "unix" and row["inode"]
    }
    for inode, (kind, state, queues, name, peer, pids) in told.items():
        if state == "UNCONN" and kind != "DGRAM":
            continue
        if inode not in rows:  # of the tools that ran meanwhile
            continue
        assert rows[inode][:3] == (kind, state, queues)
        assert rows[inode][3] == name.replace("\x1b", "?")
        assert rows[inode][4:] == (peer, pids)
    assert len(told.keys() & rows.keys()) >= 16


def test_packet_sockets_equal_ss(seen: Seen) -> None:
    lines = [line for line in seen.ss.splitlines() if line.startswith("p_")]
    rows = [row for row in seen.rows if row["protocol"] == "packet"]
    assert len(lines) == len(rows) == 1
    assert "arp:hole0" in lines[0].replace(" ", "") or "[2054]:hole0" in lines[0]
    assert (rows[0]["local_address"], rows[0]["local_port"]) == ("hole0", 0x0806)
    assert f"pid={rows[0]['pid']}," in lines[0]


def lines(text: str, *starts: str) -> list[list[str]]:
    """The lines of those protocols, in words, with `/name` taken off the program."""
    found = []
    for line in text.splitlines():
        part = line.split()
        if part and part[0] in starts:
            found.append([re.sub(r"^(\d+)/.*", r"\1", word) for word in part])
    return sorted(found)


def test_internet_lines_are_netstats(seen: Seen) -> None:
    names = ("tcp", "tcp6", "udp", "udp6", "udpl", "udpl6", "raw", "raw6")
    ours, theirs = lines(seen.text, *names), lines(seen.netstat, *names)
    assert len(ours) == len(theirs) > 30
    for mine, other in zip(ours, theirs, strict=True):
        assert mine[:-1] == other[:-1]
        pids = re.sub(r"/[^,]*", "", mine[-1]).split(",")
        assert other[-1] in pids


def test_internet_lines_stand_in_netstats_columns(seen: Seen) -> None:
    """What cuts netstat's output by columns cuts this as well."""
    (mine,) = (line for line in seen.text.splitlines() if line.startswith("tcp ") and "SYN_SENT" in line)
    (other,) = (line for line in seen.netstat.splitlines() if line.startswith("tcp ") and "SYN_SENT" in line)
    at = other.index(f"{seen.pid}/")
    assert mine[:at] == other[:at]


def test_unix_lines_are_netstats(seen: Seen) -> None:
    def known(text: str) -> dict[str, tuple[str, ...]]:
        found = {}
        for line in text.splitlines():
            match = re.match(
                r"unix +(\d+) +(\[ .*?\]) +(\S+) +(CONNECTED|LISTENING|CONNECTING|) +(\d+) +(\S+) *(.*)$", line
            )
            if match is not None:
                count, flags, kind, state, inode, program, path = match.groups()
                path = re.sub(r"\\e|\x1b|\?", "?", path).strip()
                found[inode] = (count, flags, kind, state, program.partition("/")[0], path)
        return found

    ours, theirs = known(seen.text), known(seen.netstat)
    both = ours.keys() & theirs.keys()
    assert len(both) >= 16
    for inode in both:
        assert ours[inode][:4] == theirs[inode][:4]
        assert ours[inode][4] == theirs[inode][4]
        assert ours[inode][5].endswith(theirs[inode][5].rpartition("/")[2])


def test_a_shared_socket_names_everyone(seen: Seen) -> None:
    shared = [row for row in seen.rows if len(row["owners"]) > 1]
    assert [{owner["pid"] for owner in row["owners"]} for row in shared] == [{seen.pid, seen.child}]


def test_what_no_program_has_says_so(seen: Seen) -> None:
    (waiting, _) = (row for row in seen.rows if row["state"] == "TIME_WAIT")
    assert (waiting["pid"], waiting["inode"], waiting["holder"], waiting["uid"]) == (None, None, "none", None)
    unaccepted = [row for row in seen.rows if row["state"] == "ESTABLISHED" and row["inode"] is None]
    assert len(unaccepted) == 2


def test_backlog_of_a_listener(seen: Seen) -> None:
    queues = {(row["receive_queue"], row["send_queue"]) for row in seen.rows if row["state"] == "LISTEN"}
    assert (2, 3) in queues


def test_the_tables_of_proc_net_tell_the_same(seen: Seen) -> None:
    """Without sock_diag: the same sockets with the same owners; only what the tables lack is unknown."""

    def known(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
        return {
            (
                row["protocol"],
                row["state"],
                row["local_address"],
                row["local_port"],
                row["remote_address"],
                row["remote_port"],
                row["inode"],
                row["receive_queue"] if row["protocol"] != "unix" else None,
                frozenset(owner["pid"] for owner in row["owners"]),
            )
            for row in rows
            if row["inode"] or row["protocol"] != "unix"
        }

    ours, theirs = known(seen.rows), known(seen.tables)
    strangers = {row for row in ours ^ theirs if row[0] == "unix" and seen.pid not in row[8]}  # of the tools themselves
    assert ours - strangers == theirs - strangers
    assert all(row["rtt_ms"] is None for row in seen.tables)


def pitop(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PITOP, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_filter_over_any_field() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        port, other = listener.getsockname()[1], client.getsockname()[1]
        done = pitop("--json", "--filter", f"state=LISTEN and port={port}")
        (row,) = json.loads(done.stdout)["rows"]
        assert (row["pid"], row["reach"]) == (os.getpid(), "this machine only")
        done = pitop("--json", "--filter", f"remote in 127.0.0.0/8 and rport={port}")
        (row,) = json.loads(done.stdout)["rows"]
        assert row["local_port"] == other


def test_a_wrong_filter_is_a_usage_error_with_its_place() -> None:
    done = pitop("--filter", "stat=LISTEN")
    assert done.returncode == 2
    assert "did you mean" in done.stderr
    assert "^" in done.stderr


def test_what_is_open_here() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("0.0.0.0", 0)) as two:
        done = pitop("--open", "--json")
        found = {row["local_port"]: row for row in json.loads(done.stdout)["rows"]}
        assert found[one.getsockname()[1]]["reach"] == "this machine only"
        assert found[two.getsockname()[1]]["reach"] == "everyone"
        assert {"pid": os.getpid(), "name": Path("/proc/self/comm").read_text().strip()} in found[two.getsockname()[1]][
            "owners"
        ]
        assert str(two.getsockname()[1]) in pitop("--open").stdout


def test_sums_by_process() -> None:
    with socket.create_server(("127.0.0.1", 0)):
        done = pitop("--by", "process")
        assert f"{os.getpid()}/" in done.stdout
        assert pitop("--by", "state").stdout.split()[0] == "tcp"


def test_it_imports_neither_the_screen_nor_scapy() -> None:
    source = (
        "import sys; from pitop.__main__ import main; main(['sockets']);"
        "print([name for name in ('textual', 'rich', 'scapy', 'dns', 'psutil') if name in sys.modules])"
    )
    assert ran(sys.executable, "-c", source).splitlines()[-1] == "[]"
