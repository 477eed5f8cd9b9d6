"""Tuning real processes, beside what the system's own tools say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pitop.collect.tuning import perform
from pitop.kernel.identity import stat_fields
from pitop.model.target import Target
from pitop.model.tuning import (
    IoClass,
    SetAffinity,
    SetIoPriority,
    SetLimit,
    SetNice,
    SetOomScoreAdj,
    SetScheduler,
    ShiftNice,
    TuningAction,
    TuningOutcome,
)

_THREADS = """
import threading, time
for _ in range(3):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print(flush=True)
time.sleep(60)
"""


@pytest.fixture
def target() -> Iterator[Target]:
    """A process of four threads."""
    child = subprocess.Popen([sys.executable, "-Ic", _THREADS], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline()
    start = int(stat_fields(Path(f"/proc/{child.pid}/stat").read_bytes())[19])
    yield Target((child.pid, start), "threads")
    child.kill()
    child.communicate()


def said(*command: object) -> str:
    return subprocess.run([str(each) for each in command], capture_output=True, text=True, check=True).stdout.strip()


def test_nice_of_every_thread(target: Target, peer: Callable[[str], str]) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    outcome = perform(SetNice(target, 17))
    message = f"threads ({target.pid}): nice {own} → 17 (4 threads)"
    assert outcome == TuningOutcome(True, message, before=str(own), after="17")
    assert said(peer("ps"), "-Lo", "ni=", "-p", target.pid).split() == ["17"] * 4


def test_nice_by_steps(target: Target) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    perform(ShiftNice(target, 1))
    assert perform(ShiftNice(target, 1)).after == str(own + 2)
    assert perform(ShiftNice(target, 100)).after == "19"


def test_io_priority(target: Target, peer: Callable[[str], str]) -> None:
    assert perform(SetIoPriority(target, IoClass.BEST_EFFORT, 6)).after == "best-effort 6"
    assert said(peer("ionice"), "-p", target.pid) == "best-effort: prio 6"
    outcome = perform(SetIoPriority(target, IoClass.IDLE))
    assert (outcome.before, outcome.after) == ("best-effort 6", "idle")
    assert said(peer("ionice"), "-p", target.pid) == "idle"


def test_affinity(target: Target, peer: Callable[[str], str]) -> None:
    cpu = min(os.sched_getaffinity(0))
    assert perform(SetAffinity(target, (cpu,))).after == str(cpu)
    assert said(peer("taskset"), "-apc", target.pid).count(f"list: {cpu}") == 4
    refused = perform(SetAffinity(target, (4000,)))
    assert not refused.done
    assert "Invalid argument" in refused.message
    assert "CPUs" in refused.advice


def test_scheduler(target: Target, peer: Callable[[str], str]) -> None:
    assert perform(SetScheduler(target, "batch")).message.endswith("scheduler other → batch (4 threads)")
    assert "SCHED_BATCH" in said(peer("chrt"), "-p", target.pid)
    assert "99" in perform(SetScheduler(target, "batch", 5)).advice
    assert not perform(SetScheduler(target, "best", 0)).done


def test_oom_score_adj(target: Target) -> None:
    assert perform(SetOomScoreAdj(target, 300)).message.endswith("oom_score_adj 0 → 300")
    assert Path(f"/proc/{target.pid}/oom_score_adj").read_text() == "300\n"
    assert "1000" in perform(SetOomScoreAdj(target, 2000)).advice


def test_limits(target: Target, peer: Callable[[str], str]) -> None:
    outcome = perform(SetLimit(target, "nofile", 100, 200))
    assert outcome.after == "100 of 200"
    assert said(peer("prlimit"), "-p", target.pid, "--nofile", "-o", "SOFT,HARD", "--noheadings").split() == [
        "100",
        "200",
    ]
    assert "above the hard limit" in perform(SetLimit(target, "nofile", 300, 200)).advice
    assert "no limit “files”" in perform(SetLimit(target, "files", 1, 1)).message


@pytest.mark.parametrize(
    ("make", "words", "right"),
    [
        (lambda t: SetNice(t, -5), "Permission denied", "CAP_SYS_NICE"),
        (lambda t: SetScheduler(t, "fifo", 10), "Operation not permitted", "RLIMIT_RTPRIO"),
        (lambda t: SetIoPriority(t, IoClass.REALTIME, 0), "Operation not permitted", "CAP_SYS_ADMIN"),
        (lambda t: SetOomScoreAdj(t, -500), "Permission denied", "CAP_SYS_RESOURCE"),
        (lambda t: SetLimit(t, "nofile", 1 << 30, 1 << 30), "", "CAP_SYS_RESOURCE"),
    ],
)
def test_refusals_say_the_right_that_is_needed(
    root: None, make: Callable[[Target], TuningAction], words: str, right: str
) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setresuid(65534, 65534, 65534)
        start = int(stat_fields(Path("/proc/self/stat").read_bytes())[19])
        outcome = perform(make(Target((os.getpid(), start), "self")))
        os.write(writing, f"{outcome.done}|{outcome.message}|{outcome.advice}".encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with open(reading, "rb") as pipe:
        done, message, advice = pipe.read().decode().split("|")
    assert done == "False"
    assert words in message
    assert right in advice


def test_a_replaced_process_is_left_alone(target: Target) -> None:
    pid, start = target.key
    outcome = perform(SetNice(Target((pid, start + 1), "other"), 19))
    assert not outcome.done
    assert "has ended" in outcome.message
    assert os.getpriority(os.PRIO_PROCESS, pid) == os.getpriority(os.PRIO_PROCESS, 0)
