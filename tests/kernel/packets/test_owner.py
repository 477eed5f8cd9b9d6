"""Whose a flow's end is: real sockets, and a /proc that says what it is told to say."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pitop.kernel.packets.owner import LISTEN, SocketOwners

TCP, UDP = 6, 17
HERE = socket.inet_aton("127.0.0.1")


@pytest.fixture
def owners() -> Iterator[SocketOwners]:
    made = SocketOwners()
    yield made
    made.close()


def holder(owners: SocketOwners, inode: int) -> int | None:
    """The pid, looked for until all processes were looked at."""
    limit = time.monotonic() + 10
    walks = owners.walks
    while True:
        found = owners.holders([inode]).get(inode)
        if found is not None or owners.walks > walks:
            return None if found is None else found.pid
        assert time.monotonic() < limit
        time.sleep(0.002)


def test_the_server_is_never_taken_for_a_client_that_is_gone(owners: SocketOwners) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        theirs = server.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", theirs))
            mine = client.getsockname()[1]
            asking = owners.socket(UDP, HERE, mine, HERE, theirs)
            serving = owners.socket(UDP, HERE, theirs, HERE, mine)
            assert asking is not None
            assert serving is not None
            assert asking.inode == os.fstat(client.fileno()).st_ino
            assert serving.inode == os.fstat(server.fileno()).st_ino
            assert asking.cookie != serving.cookie
        assert owners.socket(UDP, HERE, mine, HERE, theirs) is None
        assert owners.socket(UDP, HERE, theirs, HERE, mine) == serving


def test_a_listener_here_has_nothing_to_do_with_a_server_elsewhere(owners: SocketOwners) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("0.0.0.0", 0))
        port, over_udp = listener.getsockname()[1], udp.getsockname()[1]
        seen = owners.socket(TCP, HERE, port, socket.inet_aton("192.0.2.1"), 4000)
        assert seen is not None
        assert seen.state == LISTEN
        assert owners.socket(UDP, HERE, over_udp, socket.inet_aton("192.0.2.1"), 4000) is not None
        elsewhere = socket.inet_aton("192.0.2.9")
        assert owners.socket(TCP, elsewhere, port, socket.inet_aton("192.0.2.1"), 4000) is None
        assert owners.socket(UDP, elsewhere, over_udp, socket.inet_aton("192.0.2.1"), 4000) is None


def test_a_socket_that_is_shared_belongs_to_the_oldest_in_line_that_has_it(owners: SocketOwners) -> None:
    script = (
        "import os, socket, sys\n"
        "own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); own.bind(('127.0.0.1', 0))\n"
        "told, tell = os.pipe()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    os.close(tell); os.read(told, 1)\n"
        "    os._exit(0)\n"
        "print(os.getpid(), child, os.fstat(own.fileno()).st_ino, flush=True)\n"
        "sys.stdin.readline(); own.close(); print('closed', flush=True)\n"
        "sys.stdin.readline(); os.write(tell, b'x'); os.waitpid(child, 0)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        parent, child, inode = map(int, process.stdout.readline().split())
        for _ in range(3):
            assert holder(owners, inode) == parent
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"closed\n"
        time.sleep(0.11)  # for so long, what was seen before may be said
        assert holder(owners, inode) == child
        process.stdin.write(b"\n")
        process.stdin.flush()
    time.sleep(0.11)
    assert holder(owners, inode) is None


def process(root: Path, pid: int, name: str, start: int, sockets: dict[int, int], parent: int = 1) -> None:
    folder = root / str(pid)
    (folder / "fd").mkdir(parents=True)
    fields = ["S", str(parent), *["0"] * 17, str(start), *["0"] * 15, "17", *["0"] * 10]
    (folder / "stat").write_text(f"{pid} ({name}) {' '.join(fields)}\n")
    for descriptor, inode in sockets.items():
        (folder / "fd" / str(descriptor)).symlink_to(f"socket:[{inode}]")


def test_what_was_seen_of_a_process_is_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pitop.kernel.packets.owner._SURE", 0.0)
    (tmp_path / "loadavg").write_text("0.0 0.0 0.0 1/2 200\n")
    process(tmp_path, 100, "old (1)", 5, {3: 700, 4: 701})
    process(tmp_path, 200, "young", 9, {3: 702})
    owners = SocketOwners(str(tmp_path))
    first = owners.holders([701])[701]
    assert (first.pid, first.name, first.start_ticks) == (100, "old (1)", 5)
    # The descriptor leads elsewhere now, and the socket is another process's.
    for pid, descriptor, inode in ((100, 4, 703), (200, 7, 701)):
        link = tmp_path / str(pid) / "fd" / str(descriptor)
        link.unlink(missing_ok=True)
        link.symlink_to(f"socket:[{inode}]")
    assert owners.holders([701])[701].pid == 200
    # The number belongs to another process now, which has a socket of the same inode.
    (tmp_path / "200" / "stat").write_text((tmp_path / "200" / "stat").read_text().replace(" 9 ", " 12 "))
    assert owners.holders([701])[701].start_ticks == 12
    owners.close()


def test_a_thread_is_told_as_its_process(tmp_path: Path) -> None:
    (tmp_path / "loadavg").write_text("0.0 0.0 0.0 1/2 201\n")
    process(tmp_path, 150, "server", 5, {3: 700})
    process(tmp_path, 201, "worker", 8, {3: 700}, parent=1)
    stat = tmp_path / "201" / "stat"
    stat.write_text(stat.read_text().replace(" 17 ", " -1 "))
    (tmp_path / "201" / "status").write_text("Name:\tworker\nTgid:\t150\nPid:\t201\n")
    owners = SocketOwners(str(tmp_path))
    found = owners.holders([700])[700]
    assert (found.pid, found.name) == (150, "server")
    owners.close()


def test_a_process_that_has_just_ended_is_still_known_one_that_was_never_seen_is_not(tmp_path: Path) -> None:
    (tmp_path / "thread-self" / "ns").mkdir(parents=True)
    (tmp_path / "thread-self" / "ns" / "net").symlink_to("net:[1]")
    for pid, namespace in ((100, 1), (101, 2)):
        process(tmp_path, pid, "one", 5, {})
        (tmp_path / str(pid) / "ns").mkdir()
        (tmp_path / str(pid) / "ns" / "net").symlink_to(f"net:[{namespace}]")
    owners = SocketOwners(str(tmp_path))
    found = owners.process(100)
    assert found is not None
    assert (found.pid, found.start_ticks) == (100, 5)
    assert owners.process(101) is None  # in another network namespace, where ports are others
    (tmp_path / "100" / "stat").unlink()
    assert owners.process(100) == found
    assert owners.process(102) is None
    owners.close()
