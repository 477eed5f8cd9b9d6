"""Who has a socket open: the walk over fake and real processes, and how little of it is repeated."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from pitop.kernel.sockets import owners as module
from pitop.kernel.sockets.owners import OwnerWalk
from tests.ordinary_user import as_ordinary_user
from tests.tree import FakeProc


def links(folder: Path, **targets: str) -> None:
    fd = folder / "fd"
    fd.mkdir(exist_ok=True)
    for old in fd.iterdir():
        old.unlink()
    for name, target in targets.items():
        (fd / name.lstrip("_")).symlink_to(target)


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path / "proc")


def walk(proc: FakeProc) -> OwnerWalk:
    return OwnerWalk(str(proc.root))


def test_a_socket_names_everyone_who_has_it(proc: FakeProc) -> None:
    links(proc.process(30, comm="child", start=7), _3="socket:[100]")
    links(proc.process(20, comm="we (b)", start=5), _3="socket:[100]", _4="socket:[101]", _5="/etc/passwd")
    found = walk(proc)
    assert found.update({100, 101, 102}, {100, 101, 102}) == {100, 101, 102}
    assert [(owner.pid, owner.start_ticks, owner.name) for owner in found[100]] == [(20, 5, "we (b)"), (30, 7, "child")]
    assert [owner.pid for owner in found[101]] == [20]
    assert found[102] == ()
    assert found.searched(102)
    assert not found.searched(100)
    assert found.complete


def test_what_is_known_is_not_read_again(proc: FakeProc) -> None:
    links(proc.process(20), **{f"_{number}": f"socket:[{1000 + number}]" for number in range(3, 2000)})
    live = set(range(1003, 3000))
    found = walk(proc)
    found.update(live, live)
    reads = found.reads
    links(proc.process(21), _3="socket:[9000]")
    assert found.update(live | {9000}, {9000}) == {9000}
    assert found.reads - reads < 1200  # the new link, and the doubted few of the turn; not two thousand


def test_a_new_socket_of_a_known_process_is_found(proc: FakeProc) -> None:
    folder = proc.process(20)
    links(folder, _3="socket:[100]")
    found = walk(proc)
    found.update({100}, {100})
    links(folder, _3="socket:[100]", _4="socket:[200]")
    assert found.update({100, 200}, {200}) == {200}
    assert [owner.pid for owner in found[200]] == [20]


def test_an_ended_process_owns_nothing(proc: FakeProc) -> None:
    folder = proc.process(20)
    links(folder, _3="socket:[100]")
    links(proc.process(21), _3="socket:[100]")
    found = walk(proc)
    found.update({100}, {100})
    links(folder)
    (folder / "fd").rmdir()
    proc.end(20)
    assert 100 in found.update({100}, set())
    assert [owner.pid for owner in found[100]] == [21]


def test_a_file_handed_over_without_notice_is_seen_in_time(proc: FakeProc) -> None:
    folder = proc.process(20)
    links(folder, _3="/dev/null")
    links(proc.process(21), _3="socket:[100]")
    found = walk(proc)
    found.update({100}, {100})
    links(folder, _3="socket:[100]")  # nothing is unknown, no process is new
    for _ in range(50):
        found.update({100}, set())
        if len(found[100]) == 2:
            break
    assert [owner.pid for owner in found[100]] == [20, 21]


def test_a_link_that_changed_its_target_is_seen_in_time(proc: FakeProc) -> None:
    folder = proc.process(20)
    links(folder, _3="socket:[100]")
    links(proc.process(21), _3="socket:[100]", _4="socket:[200]")
    found = walk(proc)
    found.update({100, 200}, {100, 200})
    links(folder, _3="socket:[200]")
    for _ in range(50):
        found.update({100, 200}, set())
    assert [owner.pid for owner in found[100]] == [21]
    assert [owner.pid for owner in found[200]] == [20, 21]


@pytest.mark.usefixtures("root")
def test_what_may_not_be_looked_into_is_counted() -> None:
    """A user without rights finds its own sockets, and knows that there are processes it cannot look into."""

    def look() -> tuple[bool, int, bool]:
        with socket.socket() as one:
            inode = os.fstat(one.fileno()).st_ino
            found = OwnerWalk()
            found.update({inode, 1}, {inode, 1})
            found.close()
            return [owner.pid for owner in found[inode]] == [os.getpid()], found.refused, found.complete

    own, refused, complete = as_ordinary_user(look)
    assert own
    assert refused > 0
    assert not complete


def test_this_process_and_its_child() -> None:
    with socket.socket() as one, closing(OwnerWalk()) as found:
        inode = os.fstat(one.fileno()).st_ino
        found.update({inode}, {inode})
        assert [owner.pid for owner in found[inode]] == [os.getpid()]
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[one.fileno()]) as child:
            assert child.stdin is not None
            found.update({inode}, set())
            assert {owner.pid for owner in found[inode]} == {os.getpid(), child.pid}
            child.stdin.close()
        found.update({inode}, set())
        assert [owner.pid for owner in found[inode]] == [os.getpid()]


@contextmanager
def holder(*sockets: socket.socket, files: int = 0) -> Iterator[subprocess.Popen[str]]:
    """A process that has `sockets` open and `files` more, and sleeps; for each line "A B" it has dup2(A, B) done."""
    code = (
        f"import os, sys; files = [os.open('/dev/null', os.O_RDONLY) for _ in range({files})]; print(flush=True)\n"
        "for line in sys.stdin: os.dup2(*map(int, line.split())); print(flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=[each.fileno() for each in sockets],
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        yield child
        child.stdin.close()


def put_in_place(child: subprocess.Popen[str], one: socket.socket, other: socket.socket) -> None:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{one.fileno()} {other.fileno()}\n")
    child.stdin.flush()
    child.stdout.readline()


def test_what_sleeps_is_not_read_again() -> None:
    with socket.socket() as one, holder(one, files=100) as child, closing(OwnerWalk()) as found:
        inode = os.fstat(one.fileno()).st_ino
        looked: list[str] = []
        look_again = found._look_again

        def noted(name: str, live: set[int], changed: set[int]) -> None:
            looked.append(name)
            look_again(name, live, changed)

        found._look_again = noted  # type: ignore[method-assign,assignment]
        for _ in range(2 * module._TURNS_BY_CLOCK):
            found.update({inode}, set())
        looked.clear()
        for _ in range(4 * module._TURNS_BY_CLOCK):
            found.update({inode}, set())
        assert child.pid in [owner.pid for owner in found[inode]]
        assert str(child.pid) not in looked
        assert str(os.getpid()) in looked


def test_what_nobody_who_has_run_has_is_looked_for_in_all() -> None:
    """Another process may have opened it, in files that both share, and be gone."""
    with closing(OwnerWalk()) as found:
        found.update(set(), set())
        with socket.socket() as one:
            inode = os.fstat(one.fileno()).st_ino
            found._ran = lambda process, since: False  # type: ignore[method-assign]
            limit = time.monotonic() + 20
            while not found[inode]:
                assert time.monotonic() < limit
                found.update({inode}, {inode})
            assert [owner.pid for owner in found[inode]] == [os.getpid()]


@pytest.mark.parametrize("files", [0, 600])
def test_a_process_that_has_run_is_looked_at_again(files: int) -> None:
    """As many files as before, every one alive: only the links themselves tell, however many there are."""
    with (
        socket.socket() as one,
        socket.socket() as other,
        holder(one, other, files=files) as child,
        closing(OwnerWalk()) as found,
    ):
        inodes = {os.fstat(each.fileno()).st_ino for each in (one, other)}
        for _ in range(2 * module._TURNS_BY_CLOCK):
            found.update(inodes, set())
        gone = os.fstat(other.fileno()).st_ino
        assert child.pid in [owner.pid for owner in found[gone]]
        put_in_place(child, one, other)
        found.update(inodes | {1}, {1})  # a search of all, for what nobody has, reads no link that seems alive
        for _ in range(10 * module._TURNS_BY_CLOCK):
            found.update(inodes, set())
        assert [owner.pid for owner in found[gone]] == [os.getpid()]
