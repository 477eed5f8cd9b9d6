"""pitop through a real OpenSSH server on loopback."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sshlab import TOOLS, ssh_lab
from tests.tui.terminal import MARKS, Terminal

pytestmark = pytest.mark.usefixtures("root")


@pytest.fixture
def login(tmp_path: Path, peer: Callable[[str], str]) -> Iterator[list[str]]:
    """The beginning of an ssh command that gets in."""
    for tool in TOOLS:
        peer(tool)
    with ssh_lab(tmp_path) as lab:
        yield lab.login


def family(mark: str) -> set[int]:
    """pitop and what it has started, found by a word of its command line."""
    parents: dict[int, int] = {}
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path("/proc", entry, "stat").read_text()
                words = Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            parents[int(entry)] = int(stat.rpartition(")")[2].split()[1])
            if b"pitop" in words and mark.encode() in words:
                found.add(int(entry))
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def alive(processes: set[int]) -> set[int]:
    """Those that run still; what has ended and waits for its parent to ask does not."""
    return {pid for pid in processes if state(pid) not in ("", "Z")}


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


class Session:
    """pitop at the other end of an ssh connection."""

    def __init__(self, login: list[str], folder: Path) -> None:
        self.mark = str(folder / "pitop.toml")
        (folder / "pitop.toml").write_text("")
        (folder / "tmp").mkdir()
        self.temporary = folder / "tmp"
        root = Path(__file__).parents[3]
        settings = f"LANG=C.UTF-8 TMPDIR={self.temporary}"
        remote = f"cd {root} && {settings} exec {sys.executable} -m pitop --config {self.mark}"
        self.terminal = Terminal([*login, remote], columns=100, lines=30)
        self.processes: set[int] = set()

    def visit_everything(self) -> None:
        """Every pane, the packet pane last; its capture and its finder run then."""
        terminal = self.terminal
        terminal.until("COMMAND", 60)
        for number, (stem, mark) in enumerate(MARKS.items(), 1):
            if stem != "packets":
                terminal.type(str(number))
                terminal.until(mark, 30)
        terminal.type("4")
        terminal.until("following", 30)
        limit = time.monotonic() + 20
        while len(self.processes) < 3:
            assert time.monotonic() < limit, self.processes
            self.processes |= family(self.mark)
            terminal.pump(0.05)

    @property
    def program(self) -> int:
        """pitop itself, which all the others descend from."""
        return next(pid for pid in self.processes if self.mark in Path(f"/proc/{pid}/cmdline").read_text())

    def gone(self) -> float:
        """Wait until all of its processes have ended; the seconds that took."""
        began = time.monotonic()
        while left := alive(self.processes | family(self.mark)):
            assert time.monotonic() < began + 15, [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left]
            time.sleep(0.01)
        return time.monotonic() - began

    def close(self) -> None:
        self.terminal.close()


@pytest.fixture
def session(login: list[str], tmp_path: Path) -> Iterator[Session]:
    opened = Session(login, tmp_path)
    yield opened
    opened.close()


def test_start_keys_and_resize(session: Session) -> None:
    terminal = session.terminal
    terminal.until("COMMAND", 60)
    terminal.type("t")
    terminal.until("CPU%▼")
    terminal.resize(80, 24)
    terminal.until(lambda text: "COMMAND" in text and text.splitlines()[-1].strip())
    terminal.type("q")
    assert terminal.ended() == 0
    assert terminal.restored()


@pytest.mark.parametrize("cut", ["the line is cut", "hung up"])
def test_nothing_is_left_of_a_session_that_was_cut(cut: str, session: Session) -> None:
    session.visit_everything()
    before = shared_memory()
    if cut == "hung up":
        os.kill(session.program, signal.SIGHUP)
    else:
        os.kill(session.terminal.pid, signal.SIGKILL)
    took = session.gone()
    print(f"{cut}: {took:.2f} s until {len(session.processes)} processes had ended")
    assert list(session.temporary.iterdir()) == []
    assert shared_memory() <= before


def shared_memory() -> set[str]:
    return set(os.listdir("/dev/shm"))
