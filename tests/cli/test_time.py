"""`pitop time` beside GNU time."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PITOP = [sys.executable, "-c", "import sys; from pitop.cli.time import run; sys.exit(run(sys.argv[1:]))"]
GNU_LINES = 23


def pitop_time(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PITOP, *arguments], capture_output=True, text=True, timeout=30, **options)  # type: ignore[call-overload, no-any-return]


def gnu_time(tool: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tool, "-v", *command], capture_output=True, text=True, timeout=30)


def values(text: str) -> dict[str, str]:
    """The report's lines as title → value."""
    return dict(line.strip().rsplit(": ", 1) for line in text.splitlines() if line.startswith("\t"))


@pytest.fixture
def not_executable(tmp_path: Path) -> str:
    path = tmp_path / "script"
    path.write_text("#!/bin/sh\n")
    return str(path)


COMMANDS = {
    "good": ["true"],
    "fails": ["sh", "-c", "exit 3"],
    "killed": ["sh", "-c", "kill -9 $$"],
    "not found": ["no-such-command"],
    "not found at its path": ["/no/such/command"],
    "a directory": ["/tmp"],
    "with arguments": ["sh", "-c", "exit $#", "a b", "c\td", ""],
}


@pytest.mark.parametrize("name", [*COMMANDS, "not executable"])
def test_same_lines_and_status_as_gnu_time(peer: Callable[[str], str], name: str, not_executable: str) -> None:
    command = COMMANDS.get(name, [not_executable])
    ours, theirs = pitop_time("--", *command), gnu_time(peer("/usr/bin/time"), *command)
    assert ours.returncode == theirs.returncode

    def shape(text: str) -> list[str]:
        lines = [line.replace("/usr/bin/time:", "pitop time:") for line in text.splitlines()]
        return [re.sub(r"(: ).*", r"\1", line) if "cannot run" not in line else line for line in lines]

    count = len(theirs.stderr.splitlines())
    assert shape(ours.stderr)[:count] == shape(theirs.stderr)
    said, expected = values(ours.stderr), values(theirs.stderr)
    for title in ("Page size (bytes)", "Exit status", "Swaps", "Signals delivered"):
        assert said[title] == expected[title]
    assert said["Command being timed"].startswith(expected["Command being timed"][:6])


def test_values_agree_with_gnu_time(peer: Callable[[str], str]) -> None:
    """The least of some runs each, since what else the machine does only adds."""
    command = [sys.executable, "-Ic", "import json; x = bytearray(50_000_000)"]

    def least(run: Callable[[], subprocess.CompletedProcess[str]], title: str) -> float:
        return min(float(values(run().stderr)[title]) for _ in range(3))

    for title, share in (
        ("Maximum resident set size (kbytes)", 0.02),
        ("Minor (reclaiming a frame) page faults", 0.05),
    ):
        ours = least(lambda: pitop_time("--", *command), title)
        theirs = least(lambda: gnu_time(peer("/usr/bin/time"), *command), title)
        assert ours == pytest.approx(theirs, rel=share), title


def test_small_commands_agree_too(peer: Callable[[str], str]) -> None:
    ours = [values(pitop_time("--", "true").stderr) for _ in range(5)]
    theirs = [values(gnu_time(peer("/usr/bin/time"), "true").stderr) for _ in range(5)]

    def middle(reports: list[dict[str, str]], title: str) -> int:
        return sorted(int(each[title]) for each in reports)[2]

    faults, size = "Minor (reclaiming a frame) page faults", "Maximum resident set size (kbytes)"
    assert abs(middle(ours, faults) - middle(theirs, faults)) <= 8
    # Which pages of a file are mapped around a fault depends on the page cache: some 100 kB either way.
    assert abs(middle(ours, size) - middle(theirs, size)) <= 200


def test_time_is_what_passed_and_what_was_used() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass\ntime.sleep(0.3)"
    said = values(pitop_time("--", sys.executable, "-Ic", burn).stderr)
    minutes, seconds = said["Elapsed (wall clock) time (h:mm:ss or m:ss)"].split(":")
    user, system = float(said["User time (seconds)"]), float(said["System time (seconds)"])
    assert minutes == "0"
    assert float(seconds) >= 0.59
    assert 0.28 <= user + system <= float(seconds)
    assert float(said["Waiting for a CPU (seconds)"]) >= 0
    assert int(said["Peak proportional set size seen (kbytes)"]) > 1000


def test_the_command_keeps_its_surroundings(tmp_path: Path) -> None:
    """Environment, standard input, descriptors, signal dispositions, arguments: as if nothing stood in between."""
    text = (
        "import json, os, signal, sys\n"
        "fds = sorted(int(fd) for fd in os.listdir('/proc/self/fd'))[:-1]\n"
        "print(json.dumps([dict(os.environ), sys.stdin.read(), fds, sys.argv[1:], os.getppid() > 1,\n"
        "  [n for n in range(1, 32) if signal.getsignal(n) == signal.SIG_IGN],\n"
        "  sorted(signal.pthread_sigmask(signal.SIG_BLOCK, []))]))"
    )
    command = [sys.executable, "-Ic", text, "a", "", "b c"]
    for environment in ({"PATH": os.environ["PATH"]}, {**os.environ, "A.B": "1"}, {"PWD": "/", "PATH": "/bin"}):
        direct = subprocess.run(command, capture_output=True, text=True, input="in", env=environment, cwd="/")
        ours = pitop_time("--", *command, input="in", env=environment, cwd="/")
        assert json.loads(ours.stdout) == json.loads(direct.stdout)


def test_signals_sent_to_pitop_reach_the_command() -> None:
    text = "trap 'echo got; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen([*PITOP, "--", "sh", "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 7
    assert out == b"got\n"
    assert err.startswith(b"Command exited with non-zero status 7\n")


def test_interrupt_from_the_terminal_hits_the_command_once() -> None:
    text = "trap 'echo got; n=1' INT; echo ready; while [ -z \"$n\" ]; do sleep 0.05; done; sleep 0.2; exit 5"
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(PITOP[0], [*PITOP, "--", "sh", "-c", text])
    shown = b""
    while b"ready" not in shown:
        shown += os.read(terminal, 1000)
    os.write(terminal, b"\x03")
    try:
        while chunk := os.read(terminal, 1000):
            shown += chunk
    except OSError:
        pass  # the terminal's other side is closed
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 5
    assert shown.count(b"got\r\n") == 1


def test_report_to_a_file_and_appended(tmp_path: Path) -> None:
    path = tmp_path / "report"
    assert pitop_time("-o", str(path), "--", "echo", "hello").stdout == "hello\n"
    first = path.read_text()
    assert first.splitlines()[0] == '\tCommand being timed: "echo hello"'
    assert pitop_time("-a", "-o", str(path), "sh", "-c", "exit 2").stderr == ""
    assert path.read_text().startswith(first + "Command exited with non-zero status 2\n")
    failed = pitop_time("-o", str(tmp_path / "none" / "report"), "--", "true")
    assert failed.returncode == 1
    assert "cannot write" in failed.stderr


def test_json(tmp_path: Path) -> None:
    done = pitop_time("--json", "--", "sh", "-c", "kill -TERM $$")
    content = json.loads(done.stdout)
    assert done.returncode == 143
    assert content["pane"] == "time"
    summary = content["summary"]
    assert (summary["signal"], summary["exit_status"]) == (15, 0)
    assert 500_000 < summary["max_rss_bytes"] < 10_000_000
    assert summary["command"] == "sh -c kill -TERM $$"


def test_every_process_that_was_started_is_counted(root: None) -> None:
    said = values(pitop_time("--", "sh", "-c", "for i in 1 2 3; do (true; true & wait); done; exit 0").stderr)
    assert said["Processes started"] == "6"


def test_a_command_is_needed() -> None:
    for arguments in ([], ["--"], ["--nonsense"]):
        failed = pitop_time(*arguments)
        assert failed.returncode == 2
        assert "pitop time" in failed.stderr


def test_orphans_are_left_to_live_and_not_waited_for() -> None:
    done = pitop_time("--", "sh", "-c", "(sleep 30 >/dev/null 2>&1 & echo $!)")
    orphan = int(done.stdout)
    assert Path(f"/proc/{orphan}/comm").read_text() == "sleep\n"
    os.kill(orphan, signal.SIGKILL)


def test_hostile_names_do_not_reach_the_terminal() -> None:
    done = pitop_time("--", "\x1b]0;x\x07")
    assert "\x1b" not in done.stderr
    assert "\\e]0;x" in done.stderr
