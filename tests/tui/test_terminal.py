"""The whole program on a real pty: start, keys, resize, leaving by every door."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tui.terminal import Terminal

PITOP = [sys.executable, "-m", "pitop"]
Opened = Callable[..., Terminal]


@pytest.fixture
def opened() -> Iterator[Opened]:
    terminals: list[Terminal] = []

    def open_one(*arguments: str, **options: object) -> Terminal:
        command = options.pop("command", [*PITOP, *arguments])
        terminal = Terminal(command, **options)  # type: ignore[arg-type]
        terminals.append(terminal)
        return terminal

    yield open_one
    for terminal in terminals:
        terminal.close()


def test_start_keys_resize_quit(opened: Opened) -> None:
    terminal = opened()
    terminal.until("COMMAND")
    terminal.until(lambda text: " 1 root" in text)
    terminal.type("t")
    terminal.until("CPU%▼")
    terminal.type("?")
    terminal.until("Who runs here")
    terminal.type("\x1b")
    terminal.until(lambda text: "Who runs here" not in text)
    terminal.resize(80, 24)
    terminal.until(lambda text: "COMMAND" in text and "q Quit" in text)
    terminal.resize(40, 12)
    terminal.until(lambda text: "COMMAND" in text and "cpu" in text)
    terminal.type("q")
    assert terminal.ended() == 0
    assert terminal.restored()


@pytest.mark.parametrize("keys", ["q", "\x1b[21~", "\x03"])
def test_every_key_that_quits(opened: Opened, keys: str) -> None:
    terminal = opened()
    terminal.until("COMMAND")
    terminal.type(keys)
    assert terminal.ended() == 0
    assert terminal.restored()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_in_order(opened: Opened, number: signal.Signals) -> None:
    terminal = opened()
    terminal.until("COMMAND")
    os.kill(terminal.pid, number)
    assert terminal.ended() == 128 + number
    assert terminal.restored()


def test_a_lost_terminal_ends_it(opened: Opened) -> None:
    terminal = opened()
    terminal.until("COMMAND")
    os.close(terminal.master)
    limit = time.monotonic() + 10
    while os.waitpid(terminal.pid, os.WNOHANG)[0] == 0:
        assert time.monotonic() < limit
    terminal.status = 0


def test_a_lost_terminal_that_never_was_the_controlling_one_ends_it() -> None:
    """As under `su -c` or in a container: no SIGHUP comes."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "pitop"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        shown = b""
        while b"COMMAND" not in shown:
            assert select.select([ours], [], [], 30)[0]
            shown += os.read(ours, 65536)
        os.close(ours)
        assert process.wait(15) == 128 + signal.SIGHUP
    finally:
        process.kill()
        process.wait()


def test_to_the_shell_and_back(opened: Opened) -> None:
    """A shell with job control runs it, as a person would."""
    terminal = opened(command=["/bin/bash", "--norc", "-i"], environment={"PS1": "prompt> "})
    terminal.until("prompt>")
    terminal.type(" ".join(PITOP) + "\n")
    terminal.until("COMMAND")
    terminal.type("\x1a")
    terminal.until(lambda text: "Stopped" in text and "prompt>" in text)
    assert terminal.left_the_screen()
    terminal.type("fg\n")
    terminal.until("COMMAND")
    terminal.until(lambda text: "q Quit" in text)
    terminal.type("q")
    terminal.until(lambda _: terminal.output.count(b"\x1b[?1049l") == 2 and terminal.left_the_screen())


def test_a_crash_leaves_one_screen(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "from pitop.tui.panes import processes\n"
        "secret = 'do not print me'\n"
        "def summary(self, shown, secret=secret):\n"
        "    raise ZeroDivisionError('broken \\x1b]0;x\\x07 on purpose')\n"
        "processes.ProcessesPane.summary = summary\n"
        "from pitop.__main__ import main\n"
        "raise SystemExit(main([]))\n"
    )
    terminal = opened(command=[sys.executable, str(tmp_path / "broken.py")], environment={"PYTHONPATH": os.getcwd()})
    assert terminal.ended() == 1
    assert terminal.restored()
    report = terminal.output.rpartition(b"\x1b[?25h")[2].decode()
    assert "pitop failed: ZeroDivisionError" in report
    assert r"\e]0;x\a" in report
    assert "do not print me" not in report
    assert report.count("\n") < 24


def test_a_dumb_terminal_is_told_what_works(opened: Opened) -> None:
    terminal = opened(environment={"TERM": "dumb"})
    assert terminal.ended() == 1
    assert b"processes" in terminal.output
    assert b"\x1b" not in terminal.output


def test_wrong_settings_are_named_with_their_line(opened: Opened, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('interval = 2\nthemes = "x"\n\n[processes]\nsort = 5\n')
    terminal = opened("--config", str(config))
    terminal.until(lambda text: "line 2" in text and "themes" in text)
    terminal.until(lambda text: "line 5" in text and "sort" in text)
    terminal.until("live 2 s")
    missing = opened("--config", str(tmp_path / "none.toml"))
    assert missing.ended() == 2
    assert b"cannot be read" in missing.output


def test_keys_of_ones_own(opened: Opened, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[keys]\n"processes.tree" = "x"\nquit = "X"\n')
    terminal = opened("--config", str(config))
    terminal.until("COMMAND")
    terminal.type("x")
    terminal.until("CPU%▼")
    terminal.type("X")
    assert terminal.ended() == 0


def test_twenty_thousand_short_lives_while_it_runs(opened: Opened) -> None:
    """Bursts of processes that fork and end; keys still answer, memory does not grow with them."""
    import subprocess

    terminal = opened("--interval", "0.5")
    terminal.until("COMMAND")
    terminal.type("t")
    terminal.until("CPU%▼")
    source = """
import os
for _ in range(100):
    for _ in range(200):
        if os.fork() == 0:
            os._exit(0)
    for _ in range(200):
        os.wait()
"""
    python = ["/usr/bin/python3", "-S", "-E"] if os.path.exists("/usr/bin/python3") else [sys.executable, "-S"]
    maker = subprocess.Popen([*python, "-c", source])
    before = resident(terminal.pid)
    shown = "MEM%▼"
    while maker.poll() is None:
        terminal.type("M" if shown == "MEM%▼" else "P")
        terminal.until("RES▼" if shown == "MEM%▼" else "CPU%▼")
        shown = "CPU%▼" if shown == "MEM%▼" else "MEM%▼"
    assert maker.returncode == 0
    assert resident(terminal.pid) < before + (30 << 20)
    terminal.type("q")
    assert terminal.ended() == 0


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
