"""pitop through a real OpenSSH server on loopback."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pitop.kernel.launch import tree_of
from tests.tui.terminal import Terminal
from tests.tui.terminal.panes import PANES
from tests.tui.terminal.sshd import server

pytestmark = pytest.mark.usefixtures("root")


@pytest.fixture
def login(tmp_path: Path, peer: Callable[[str], str]) -> Iterator[list[str]]:
    """The beginning of an ssh command that gets in."""
    with server(tmp_path, peer("sshd"), peer("ssh"), peer("ssh-keygen")) as command:
        yield command


def left_of(process: int) -> str:
    """What is known of a process behind a pidfd: its line in proc_pid_stat(5)."""
    pid = re.search(r"Pid:\s+(\d+)", Path(f"/proc/self/fdinfo/{process}").read_text())
    return "still there: " + (Path(f"/proc/{pid[1]}/stat").read_text() if pid else "?")


def gone(processes: list[int], seconds: float = 10) -> None:
    """Wait for the end of processes, by their pidfds."""
    limit = time.monotonic() + seconds
    for process in processes:
        assert select.select([process], [], [], max(0, limit - time.monotonic()))[0], left_of(process)
        os.close(process)


def running(mark: str) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                words = Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"pitop" in words and mark.encode() in words:
                found.append(int(entry))
    return found


def test_start_keys_resize_and_a_cut_connection(login: list[str], tmp_path: Path) -> None:
    mark = str(tmp_path / "pitop.toml")
    (tmp_path / "pitop.toml").write_text("")
    root = Path(__file__).parents[3]
    remote = f"cd {root} && LANG=C.UTF-8 exec {sys.executable} -m pitop --config {mark}"
    terminal = Terminal([*login, remote], columns=100, lines=30)
    try:
        terminal.until("COMMAND", 60)
        assert len(running(mark)) >= 1
        terminal.type("t")
        terminal.until("CPU%▼")
        terminal.resize(80, 24)
        terminal.until(lambda text: "COMMAND" in text and text.splitlines()[-1].strip())
        os.kill(terminal.pid, 9)  # the line is cut
        cut = time.monotonic()
        while running(mark):
            assert time.monotonic() < cut + 10
            time.sleep(0.02)
    finally:
        terminal.close()
    assert running(mark) == []


@pytest.mark.parametrize("way", ["the line is cut", "pitop is hung up", "the session is killed"])
def test_nothing_is_left_behind(login: list[str], tmp_path: Path, way: str) -> None:
    """Every pane is visited, packets are captured and owners found by helpers; then it ends, from outside."""
    mark, spool = tmp_path / "pitop.toml", tmp_path / "spool"
    mark.write_text("")
    spool.mkdir(mode=0o777)
    spool.chmod(0o1777)
    root = Path(__file__).parents[3]
    remote = f"cd {root} && LANG=C.UTF-8 TMPDIR={spool} exec {sys.executable} -m pitop --config {mark}"
    terminal = Terminal([*login, remote], columns=100, lines=30)
    try:
        terminal.until("COMMAND", 60)
        (pid,) = running(str(mark))
        terminal.type("4")
        with socket.socket(type=socket.SOCK_DGRAM) as sender:  # what belongs to its own SSH session is left out

            def captured(text: str) -> object:
                sender.sendto(b"for the capture", ("127.0.0.1", 9))
                return re.search(r"● all interfaces +[1-9]", text)

            terminal.until(captured)
        for digit, words in PANES.items():
            terminal.type(digit)
            terminal.until(words)
        family = tree_of(pid)
        assert len(family) >= 3, "pitop, the capture and the finder"
        watched = [os.pidfd_open(each) for each in family]
        if way == "the line is cut":
            os.kill(terminal.pid, signal.SIGKILL)
        elif way == "pitop is hung up":
            os.kill(pid, signal.SIGHUP)
            assert terminal.ended() == 128 + signal.SIGHUP
            assert terminal.restored()
        else:
            session = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            assert b"sshd" in Path(f"/proc/{session}/cmdline").read_bytes()
            os.kill(session, signal.SIGTERM)
        gone(watched)
        assert list(spool.iterdir()) == []
        assert running(str(mark)) == []
    finally:
        terminal.close()
