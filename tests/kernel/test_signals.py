"""Signals to real processes, and never to those that took their place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pitop.collect.signals import perform
from pitop.kernel.identity import HeldProcess, stat_fields
from pitop.kernel.signals import send_signal
from pitop.model.signals import Answer, SendSignal
from pitop.model.target import Target


def key_of(pid: int) -> tuple[int, int]:
    return (pid, int(stat_fields(Path(f"/proc/{pid}/stat").read_bytes())[19]))


def target_of(pid: int) -> Target:
    return Target(key_of(pid), "test")


class Script:
    """A Python program that has said that it is ready."""

    def __init__(self, text: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-Ic", f"import signal, sys, time\n{text}\nprint(flush=True)\ntime.sleep(60)"],
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"\n"
        self.target = target_of(self.process.pid)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def scripts() -> Iterator[list[Script]]:
    made: list[Script] = []
    yield made
    for each in made:
        each.end()


def test_the_end_is_seen_and_timed(scripts: list[Script]) -> None:
    scripts += [Script(""), Script("")]
    replies = send_signal([each.target for each in scripts], signal.SIGTERM, watch_seconds=10)
    assert [reply.answer for reply in replies] == [Answer.ENDED, Answer.ENDED]
    assert all(reply.after_ms is not None and reply.after_ms < 10_000 for reply in replies)
    assert [each.process.wait() for each in scripts] == [-signal.SIGTERM, -signal.SIGTERM]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("signal.signal(15, lambda *_: None)", "it has a handler for TERM"),
        ("signal.signal(15, signal.SIG_IGN)", "it ignores TERM"),
        ("signal.pthread_sigmask(signal.SIG_BLOCK, [15])", "it blocks TERM"),
    ],
)
def test_who_lives_on_is_said_to_and_why(scripts: list[Script], text: str, words: str) -> None:
    scripts.append(Script(text))
    (reply,) = send_signal([scripts[0].target], signal.SIGTERM, watch_seconds=0.1)
    assert reply.answer is Answer.STILL_THERE
    assert reply.words == words
    assert scripts[0].process.poll() is None


def test_stop_and_continue_are_seen(scripts: list[Script]) -> None:
    scripts.append(Script(""))
    assert send_signal([scripts[0].target], signal.SIGSTOP, 10)[0].answer is Answer.STOPPED
    assert send_signal([scripts[0].target], signal.SIGCONT, 10)[0].answer is Answer.CONTINUED


def test_what_has_ended_gets_nothing() -> None:
    child = subprocess.Popen(["sleep", "60"])
    target = target_of(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    (reply,) = send_signal([target], signal.SIGTERM)
    assert reply.answer is Answer.ZOMBIE
    assert reply.words == f"parent {os.getpid()}"
    child.wait()
    (reply,) = send_signal([target], signal.SIGTERM)
    assert reply.answer is Answer.GONE


def test_another_start_time_is_another_process(scripts: list[Script]) -> None:
    scripts.append(Script(""))
    pid, start = scripts[0].target.key
    (reply,) = send_signal([Target((pid, start - 1), "before")], signal.SIGKILL)
    assert reply.answer is Answer.GONE
    assert scripts[0].process.poll() is None


def test_pitop_does_not_signal_itself() -> None:
    (reply,) = send_signal([target_of(os.getpid())], signal.SIGKILL)
    assert reply.answer is Answer.REFUSED


def test_without_permission(root: None, scripts: list[Script]) -> None:
    scripts.append(Script(""))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setresuid(65534, 65534, 65534)
        outcome = perform(SendSignal((scripts[0].target,), signal.SIGTERM))
        os.write(writing, f"{outcome.done} {outcome.message} | {outcome.advice}".encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with open(reading, "rb") as pipe:
        said = pipe.read().decode()
    assert said.startswith("False TERM → test")
    assert "no permission" in said
    assert "CAP_KILL" in said
    assert scripts[0].process.poll() is None


_REUSE = """
import os, signal, subprocess, sys, time
from pathlib import Path
from pitop.kernel.identity import stat_fields
from pitop.kernel.signals import send_signal
from pitop.model.target import Target

def start_of(pid):
    return int(stat_fields(Path(f"/proc/{pid}/stat").read_bytes())[19])

def spawn_at(pid):
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
    return subprocess.Popen(["sleep", "60"])

first = spawn_at(700)
target = Target((first.pid, start_of(first.pid)), "sleep")
first.kill(); first.wait()
while True:
    second = spawn_at(700)
    if second.pid == 700 and start_of(700) != target.key[1]:
        break
    second.kill(); second.wait()
reply, = send_signal([target], signal.SIGKILL, 0.2)
print(first.pid == second.pid, reply.answer.value, second.poll())
second.kill(); second.wait()
"""


def test_a_reused_pid_is_not_signalled(root: None) -> None:
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", _REUSE]
    said = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert said.stdout == "True it has ended None\n", said.stderr


def test_held_process_reads_only_its_own_files() -> None:
    child = subprocess.Popen(["sleep", "60"])
    with HeldProcess(key_of(child.pid)) as held:
        deadline = time.monotonic() + 10
        while held.state() != "S" and time.monotonic() < deadline:
            pass
        assert held.read("cmdline") == b"sleep\x0060\x00"
        assert held.threads() == [child.pid]
        assert not held.ended()
        child.kill()
        assert held.ended(10)
        child.wait()
        with pytest.raises(ProcessLookupError):
            held.read("stat")
