"""The capturing helper over real interfaces: namespaces, veth pairs, a real sshd."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pitop.collect.collector import Unavailable
from pitop.collect.packets.client import CaptureClient
from pitop.collect.packets.messages import (
    Chosen,
    Config,
    Conversations,
    Details,
    LadderOf,
    Look,
    Rows,
    Select,
    Started,
    Statistics,
    StreamOf,
)
from pitop.kernel.packets.privileges import DAC_READ_SEARCH, SYS_PTRACE

pytestmark = pytest.mark.usefixtures("root")
SSH = Path(__file__).parents[2] / "data" / "packets" / "ssh.pcap"
PITOP = [sys.executable, "-m", "pitop"]


def sh(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


class Lab:
    """Two namespaces joined by a veth pair: `near` 10.99.0.1, `far` 10.99.0.2."""

    def __init__(self) -> None:
        self.near, self.far = f"ptpackets{os.getpid()}a", f"ptpackets{os.getpid()}b"
        for name in (self.near, self.far):
            sh("ip", "netns", "add", name)
            sh("ip", "-n", name, "link", "set", "lo", "up")
        sh("ip", "-n", self.near, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", self.far)
        for name, address in ((self.near, "10.99.0.1/24"), (self.far, "10.99.0.2/24")):
            sh("ip", "-n", name, "address", "add", address, "dev", "wire")
            sh("ip", "-n", name, "link", "set", "wire", "up")

    def inside(self, namespace: str, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["ip", "netns", "exec", namespace, *words], **options)

    def close(self) -> None:
        for name in (self.near, self.far):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab()
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def running(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(client: CaptureClient, kind: type, test: Callable[[Any], bool] = lambda message: True) -> Any:
    """The first message of a kind for which `test` holds."""
    limit = time.monotonic() + 10
    for message in client.stream(0.05):
        if isinstance(message, kind) and test(message):
            return message
        if time.monotonic() > limit:
            break
    raise AssertionError(f"no {kind.__name__} in time")


def listening(process: subprocess.Popen[bytes]) -> None:
    assert process.stderr is not None
    line = process.stderr.readline()
    assert b"listening" in line, line


def end_tmux(tmux: str, name: str) -> None:
    """End a server for certain: it has refused a second time, and its socket is gone."""
    refused, limit = 0, time.monotonic() + 10
    while refused < 2:
        assert time.monotonic() < limit, f"the tmux server {name} does not end"
        refused += subprocess.run([tmux, "-L", name, "kill-server"], capture_output=True, check=False).returncode != 0
        time.sleep(0.2)
    Path(f"/tmp/tmux-{os.getuid()}/{name}").unlink(missing_ok=True)


def wait_for_port(namespace: str, port: int) -> None:
    limit = time.monotonic() + 10
    while time.monotonic() < limit:
        shown = subprocess.run(["ip", "netns", "exec", namespace, "ss", "-Hltn"], capture_output=True, text=True).stdout
        if f":{port} " in shown:
            return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on port {port}")


def test_a_wget_from_handshake_to_fin_with_its_name_beside_it(
    lab: Lab, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    wget = peer("wget")
    (tmp_path / "hello.txt").write_text("hello " * 1000)
    serve = (
        "import http.server, time\n"
        "class Slow(http.server.SimpleHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        time.sleep(0.3)\n"
        "        super().do_GET()\n"
        "http.server.HTTPServer(('', 8080), Slow).serve_forever()\n"
    )
    server = lab.inside(lab.far, sys.executable, "-c", serve, cwd=tmp_path, stderr=subprocess.DEVNULL)
    written = str(tmp_path / "seen.pcapng")
    with running(server):
        wait_for_port(lab.far, 8080)
        pitop = lab.inside(
            lab.near, *PITOP, "packets", "-i", "wire", "--json", "tcp", "port", "8080",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        saver = lab.inside(lab.near, *PITOP, "packets", "-i", "wire", "-w", written, stderr=subprocess.PIPE)
        with running(pitop), running(saver):
            listening(pitop)
            listening(saver)
            fetch = lab.inside(
                lab.near,
                wget,
                "-q",
                "--limit-rate=30k",
                "-O",
                "-",
                "http://10.99.0.2:8080/hello.txt",
                stdout=subprocess.PIPE,
            )
            assert len(fetch.communicate(timeout=10)[0]) == 6000
            assert pitop.stdout is not None
            rows: list[dict[str, Any]] = []
            while not any(row["tcp_flags"] and "F" in row["tcp_flags"] for row in rows):
                rows += json.loads(pitop.stdout.readline())["rows"]
            pitop.send_signal(2)
            saver.send_signal(2)
            saver.communicate(timeout=10)
    assert rows[0]["tcp_flags"] == "S"
    assert rows[1]["tcp_flags"] == "S."
    assert rows[2]["tcp_flags"] == "."
    assert {row["process"] for row in rows} == {"wget"}
    assert {row["pid"] for row in rows} == {rows[0]["pid"]}
    assert any(row["info"].endswith("HTTP: GET /hello.txt HTTP/1.1") for row in rows)
    assert any(row["http_request"] == "GET 10.99.0.2:8080/hello.txt" for row in rows)
    read = subprocess.run(
        [*PITOP, "packets", "-r", written, "--filter", "process=wget"], capture_output=True, text=True
    )
    assert len(read.stdout.splitlines()) >= len(rows)
    assert os.stat(written).st_mode & 0o777 == 0o600


def status_of(pid: int) -> dict[str, str]:
    """proc_pid_status(5)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def test_the_helper_keeps_no_privilege() -> None:
    with CaptureClient(Config(interface="lo")) as client:
        started = until(client, Started)
        status = status_of(client.pid)
    assert started.uid != 0
    assert set(status["Uid"].split()) == {str(started.uid)}
    assert "0" not in status["Gid"].split()
    assert status["Groups"].strip() == ""
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert status["NoNewPrivs"].strip() == "1"


def test_the_finder_keeps_the_right_to_look_at_processes_and_no_other() -> None:
    only = 1 << DAC_READ_SEARCH | 1 << SYS_PTRACE
    with CaptureClient(Config(interface="lo")) as client:
        until(client, Started)
        (finder,) = map(int, Path(f"/proc/{client.pid}/task/{client.pid}/children").read_text().split())
        limit = time.monotonic() + 10
        while (status := status_of(finder))["NoNewPrivs"].strip() != "1":
            assert time.monotonic() < limit
            time.sleep(0.01)
    assert "0" not in {*status["Uid"].split(), *status["Gid"].split()}
    assert status["Groups"].strip() == ""
    assert {kind: int(status[kind], 16) for kind in ("CapPrm", "CapEff", "CapBnd")} == dict.fromkeys(
        ("CapPrm", "CapEff", "CapBnd"), only
    )
    assert {kind: int(status[kind], 16) for kind in ("CapInh", "CapAmb")} == {"CapInh": 0, "CapAmb": 0}


def test_rows_details_stream_ladder_statistics_of_a_file() -> None:
    with CaptureClient(Config(path=str(SSH))) as client:
        client.send(Look(1, 10, 0, ""))
        rows = until(client, Rows, lambda rows: rows.total == 54 and rows.examined == 54 and not rows.status.reading)
        assert [packet.number for packet in rows.packets] == list(range(1, 11))
        assert rows.packets[3].info.endswith("SSH: SSH-2.0-OpenSSH_7.8")
        assert "seq 1:22" in rows.packets[3].info

        client.send(Look(2, 5, None, "tcp.flags~S"))
        rows = until(client, Rows, lambda rows: rows.serial == 2 and rows.total == 2)
        assert [packet.tcp_flags for packet in rows.packets] == ["S", "S."]

        client.send(Look(3, 5, None, "foo=1"))
        assert "no field" in until(client, Rows, lambda rows: rows.serial == 3).error

        client.send(Select(4, 4))
        details = until(client, Details)
        assert (details.packet.number, details.link) == (4, 1)
        assert details.data.endswith(b"SSH-2.0-OpenSSH_7.8\r\n")

        client.send(Select(5, 4, stream=True))
        stream = until(client, StreamOf).stream
        assert stream.pieces[0].data.startswith(b"SSH-2.0-OpenSSH_7.8\r\n")
        assert {piece.forward for piece in stream.pieces} == {True, False}

        client.send(Select(6, 4, ladder=True))
        ladder = until(client, LadderOf).ladder
        assert (ladder.left, ladder.right) == ("202.108.87.165:62146", "223.132.53.222:22")
        assert [arrow.flags for arrow in ladder.arrows[:3]] == ["S", "S.", "."]
        assert len(ladder.arrows) == 54

        client.send(Chosen("statistics"))
        overview = until(client, Statistics).overview
        assert overview.packets == 54
        assert {count.name for count in overview.protocols} >= {"IPv4", "IPv4 · TCP", "IPv4 · TCP · SSH"}

        client.send(Chosen("conversations"))
        (conversation,) = until(client, Conversations).rows
        assert conversation.packets_ab + conversation.packets_ba == 54
        assert conversation.handshake_ms == pytest.approx(25.7, abs=0.1)


def test_a_missing_interface_says_which_there_are() -> None:
    with CaptureClient(Config(interface="nosuch0")) as client, pytest.raises(Unavailable) as caught:
        until(client, Started)
    assert "nosuch0" in str(caught.value)
    assert "lo" in caught.value.advice


def test_a_wrong_capture_filter_is_shown_with_its_place() -> None:
    with CaptureClient(Config(interface="lo", expression="tcp prt 80")) as client, pytest.raises(Unavailable) as caught:
        until(client, Started)
    assert str(caught.value).splitlines()[1:] == ["  tcp prt 80", "      ^^^"]


def test_a_killed_helper_is_told() -> None:
    with CaptureClient(Config(interface="lo")) as client:
        until(client, Started)
        os.kill(client.pid, 9)
        with pytest.raises(Unavailable, match="killed by signal 9"):
            until(client, Rows)


def test_the_store_forgets_the_oldest_and_counts_them(lab: Lab) -> None:
    code = (
        "import signal; signal.alarm(40)\n"
        "from pitop.collect.packets.client import CaptureClient\n"
        "from pitop.collect.packets.messages import *\n"
        "import socket, time\n"
        "client = CaptureClient(Config(interface='wire', limit_bytes=200_000, expression='udp port 9'))\n"
        "next(m for m in client.stream() if isinstance(m, Started))\n"
        "client.send(Look(1, 10, None, ''))\n"
        "out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "sent = 0\n"
        "last = None\n"
        "while sent < 2000 or last is None or last.captured < sent:\n"
        "    if sent < 2000:\n"
        "        out.sendto(b'x' * 900, ('10.99.0.2', 9)); sent += 1\n"
        "        if sent % 100 == 0: time.sleep(0.03)\n"
        "    if sent % 100 == 0:\n"
        "        for m in client.messages() if client.waiting(0.05) else ():\n"
        "            if isinstance(m, Rows): last = m.status\n"
        "print(last.captured, last.evicted, last.first, last.next, last.dropped)\n"
        "client.close()\n"
    )
    done = lab.inside(lab.near, sys.executable, "-c", code, stdout=subprocess.PIPE)
    captured, evicted, first, following, dropped = map(int, done.communicate(timeout=30)[0].split())
    assert captured == 2000
    assert dropped == 0
    assert evicted > 1000
    assert first == evicted + 1
    assert following == captured + 1


def test_an_interface_that_goes_down_is_told_and_capture_goes_on(lab: Lab) -> None:
    pitop = lab.inside(
        lab.near, sys.executable, "-c",
        "import signal; signal.alarm(40)\n"
        "from pitop.collect.packets.client import CaptureClient\n"
        "from pitop.collect.packets.messages import *\n"
        "client = CaptureClient(Config(interface='wire'))\n"
        "for m in client.stream():\n"
        "    if isinstance(m, Started): print('started', flush=True); client.send(Print())\n"
        "    elif isinstance(m, Status) and m.note: print('note', m.note, flush=True)\n"
        "    elif isinstance(m, Printed): print('packets', flush=True)\n",
        stdout=subprocess.PIPE,
    )  # fmt: skip
    with running(pitop):
        assert pitop.stdout is not None
        lines = iter(pitop.stdout.readline, b"")
        assert next(lines) == b"started\n"
        sh("ip", "-n", lab.near, "link", "set", "wire", "down")
        assert next(line for line in lines if line.startswith(b"note")) == b"note wire is down\n"
        sh("ip", "-n", lab.near, "link", "set", "wire", "up")
        with running(lab.inside(lab.near, "ping", "-i", "0.1", "10.99.0.2", stdout=subprocess.DEVNULL)):
            assert next(line for line in lines if line == b"packets\n")


def test_vlan_tags_that_the_kernel_took_out_are_put_back(lab: Lab) -> None:
    pitop = lab.inside(
        lab.near, *PITOP, "packets", "-i", "wire", "-c", "1", "-w", "-", "ether", "proto", "0x88b5",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    send = (
        "import socket\n"
        "wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
        "wire.bind(('wire', 0))\n"
        "wire.send(bytes.fromhex('ffffffffffff 020000000001 8100 0007 88b5') + b'tagged' + bytes(50))\n"
    )
    with running(pitop):
        listening(pitop)
        lab.inside(lab.far, sys.executable, "-c", send).communicate(timeout=10)
        content = pitop.communicate(timeout=15)[0]
    assert content[24 + 16 :].startswith(bytes.fromhex("ffffffffffff 020000000001 8100 0007 88b5") + b"tagged")


@pytest.mark.parametrize("multiplexer", ["none", "tmux"])
def test_ones_own_ssh_session_is_left_out(
    lab: Lab, tmp_path: Path, peer: Callable[[str], str], multiplexer: str, request: pytest.FixtureRequest
) -> None:
    sshd, tmux, sudo = peer("sshd"), peer("tmux"), peer("sudo")
    key, host_key = tmp_path / "key", tmp_path / "host"
    for path in (key, host_key):
        sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path))
    Path("/run/sshd").mkdir(exist_ok=True)
    authorized = tmp_path / "authorized"
    authorized.write_text((tmp_path / "key.pub").read_text())
    options = [
        f"AuthorizedKeysFile={authorized}", "StrictModes=no", "UsePAM=no", "PermitRootLogin=yes", f"HostKey={host_key}",
        "PidFile=none", "ListenAddress=127.0.0.1", "Port=2222",
    ]  # fmt: skip
    server = lab.inside(
        lab.near, sshd, "-D", "-f", "/dev/null", *[word for option in options for word in ("-o", option)],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    out = tmp_path / "out"
    packets = f"{sudo} {' '.join(PITOP)} packets -i lo --json tcp or icmp > {out} 2> {out}.err"
    command = packets
    if multiplexer == "tmux":
        command = f"env -u TMUX {tmux} -L ptpackets{os.getpid()} -f /dev/null new-session '{packets}'"
        # A multiplexer outlives the session that began it, and what runs in it does, too.
        request.addfinalizer(lambda: end_tmux(tmux, f"ptpackets{os.getpid()}"))
    ssh = ["ssh", "-tt", "-q", "-i", str(key), "-p", "2222", "-o", "StrictHostKeyChecking=no",
           "-o", "UserKnownHostsFile=/dev/null", "root@127.0.0.1"]  # fmt: skip
    environment = {**os.environ, "TERM": "xterm"}
    with running(server):
        wait_for_port(lab.near, 2222)
        session = lab.inside(
            lab.near, *ssh, f"cd {os.getcwd()}; {command}",
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
        with running(session):
            limit = time.monotonic() + 20
            while not Path(f"{out}.err").exists() or "listening" not in Path(f"{out}.err").read_text():
                assert time.monotonic() < limit, "pitop does not start over ssh"
                time.sleep(0.05)
            assert "left out" in Path(f"{out}.err").read_text()
            other = lab.inside(lab.near, *ssh, "true", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            other.communicate(timeout=10)
            assert session.stdin is not None
            sh("ip", "netns", "exec", lab.near, "ping", "-q", "-c", "3", "-i", "0.3", "127.0.0.1")
            session.stdin.write(b"x")
            session.stdin.flush()
            rows: list[dict[str, Any]] = []
            while sum(row["protocol"] == "ICMP" for row in rows) < 6:
                assert time.monotonic() < limit + 10
                rows = [row for line in out.read_text().splitlines() for row in json.loads(line)["rows"]]
                time.sleep(0.1)
            own = subprocess.run(
                ["ip", "netns", "exec", lab.near, "ss", "-Htn", "state", "established", "sport", "=", ":2222"],
                capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
    own_ports = {int(line.split()[3].rpartition(":")[2]) for line in own.splitlines()}
    ssh_ports = {row["source_port"] for row in rows if row["destination_port"] == 2222}
    assert len(own_ports) == 1
    assert not own_ports & ssh_ports
    assert len(ssh_ports) == 1  # the other session, which is not one's own


def test_the_process_of_a_flow_is_found_by_its_ends() -> None:
    from pitop.kernel.packets.owner import SocketOwners

    owners = SocketOwners()
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            here, there = client.getsockname(), client.getpeername()
            found = owners.find(6, socket.inet_aton(here[0]), here[1], socket.inet_aton(there[0]), there[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        port = udp.getsockname()[1]
        while owners.resting:
            time.sleep(0.001)
        over_udp = owners.find(17, b"\x7f\0\0\1", port, b"\x7f\0\0\2", 53)
    none = owners.find(6, b"\x7f\0\0\1", 1, b"\x7f\0\0\1", 2)
    owners.close()
    assert found is not None
    assert found.pid == os.getpid()
    assert over_udp is not None
    assert over_udp.pid == os.getpid()
    assert none is None


def test_all_interfaces_are_captured_each_with_its_name(lab: Lab) -> None:
    pitop = lab.inside(
        lab.near, *PITOP, "packets", "--json", "-c", "4", "icmp", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with running(pitop):
        listening(pitop)
        sh("ip", "netns", "exec", lab.near, "ping", "-q", "-c", "1", "127.0.0.1")
        sh("ip", "netns", "exec", lab.near, "ping", "-q", "-c", "1", "10.99.0.2")
        out = pitop.communicate(timeout=15)[0]
    rows = [row for line in out.splitlines() for row in json.loads(line)["rows"]]
    assert [row["interface"] for row in rows] == ["lo", "lo", "wire", "wire"]


def test_interrupting_ends_with_the_three_lines_of_tcpdump_and_loses_nothing(lab: Lab, tmp_path: Path) -> None:
    written = tmp_path / "all.pcap"
    shown = lab.inside(lab.near, *PITOP, "packets", "-i", "lo", "icmp", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    saver = lab.inside(lab.near, *PITOP, "packets", "-i", "lo", "-w", str(written), "icmp", stderr=subprocess.PIPE)
    with running(shown), running(saver):
        listening(shown)
        listening(saver)
        sh("ip", "netns", "exec", lab.near, "ping", "-q", "-c", "5", "-i", "0.01", "127.0.0.1")
        shown.send_signal(2)
        saver.send_signal(2)
        out, errors = shown.communicate(timeout=10)
        saved_errors = saver.communicate(timeout=10)[1]
    assert (shown.returncode, saver.returncode) == (130, 130)
    assert len(out.splitlines()) == 10
    assert errors.decode().splitlines() == [
        "10 packets captured", "10 packets received by filter", "0 packets dropped by kernel",
    ]  # fmt: skip
    assert saved_errors.decode().splitlines()[0] == "10 packets captured"
    assert written.stat().st_size == 24 + 10 * (16 + 98)


def test_a_ring_of_files_keeps_to_its_size_and_number(lab: Lab, tmp_path: Path) -> None:
    code = (
        "import socket\n"
        "out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "for _ in range(4500): out.sendto(b'x' * 958, ('127.0.0.1', 9))\n"
    )
    saver = lab.inside(
        lab.near, *PITOP, "packets", "-i", "lo", "-c", "4000", "-w", str(tmp_path / "ring.pcapng"),
        "-C", "1", "-W", "3", "udp", "port", "9", stderr=subprocess.PIPE,
    )  # fmt: skip
    with running(saver):
        listening(saver)
        lab.inside(lab.near, sys.executable, "-c", code).communicate(timeout=10)
        errors = saver.communicate(timeout=15)[1]
    assert errors.decode().splitlines()[0] == "4000 packets captured"
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["ring_00002.pcapng", "ring_00003.pcapng", "ring_00004.pcapng"]
    assert all(path.stat().st_size <= 1_000_000 for path in files)
    for path in files:
        done = subprocess.run([*PITOP, "packets", "-r", str(path)], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()


def test_an_interface_that_is_removed_and_comes_back_is_captured_again(lab: Lab) -> None:
    pitop = lab.inside(
        lab.near, sys.executable, "-c",
        "import signal; signal.alarm(40)\n"
        "from pitop.collect.packets.client import CaptureClient\n"
        "from pitop.collect.packets.messages import *\n"
        "client = CaptureClient(Config(interface='wire'))\n"
        "last = None\n"
        "for m in client.stream():\n"
        "    if isinstance(m, Started): print('started', flush=True); client.send(Print('protocol=ICMP'))\n"
        "    elif isinstance(m, Status) and m.note != last: last = m.note; print('note', m.note, flush=True)\n"
        "    elif isinstance(m, Printed): print('packets', flush=True)\n",
        stdout=subprocess.PIPE,
    )  # fmt: skip
    with running(pitop):
        assert pitop.stdout is not None
        lines = iter(pitop.stdout.readline, b"")
        assert next(lines) == b"started\n"
        sh("ip", "-n", lab.near, "link", "delete", "wire")
        assert next(line for line in lines if line.startswith(b"note wire")) == b"note wire is gone\n"
        sh("ip", "-n", lab.near, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", lab.far)
        for name, address in ((lab.near, "10.99.0.1/24"), (lab.far, "10.99.0.2/24")):
            sh("ip", "-n", name, "address", "add", address, "dev", "wire")
            sh("ip", "-n", name, "link", "set", "wire", "up")
        with running(lab.inside(lab.near, "ping", "-i", "0.1", "10.99.0.2", stdout=subprocess.DEVNULL)):
            assert next(line for line in lines if line == b"packets\n")
