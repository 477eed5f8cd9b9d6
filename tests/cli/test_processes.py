"""`pitop processes`, as a person or a script runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PITOP = [sys.executable, "-m", "pitop"]


def pitop(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PITOP, *arguments], capture_output=True, text=True, timeout=60, check=False, **options)


def rows(*arguments: str) -> dict[int, dict[str, Any]]:
    done = pitop("processes", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return {row["pid"]: row for row in json.loads(done.stdout)["rows"]}


def test_a_scope_with_all_that_is_below_it(family: dict[str, int]) -> None:
    parent = family["parent"]
    below = rows("--scope", f"pid:{parent}+")
    assert set(below) >= set(family.values())
    assert {row["ppid"] for row in below.values() if row["pid"] != parent} <= set(below)
    assert set(rows("--scope", f"pid:{parent}")) == {parent}


@pytest.fixture
def family(tmp_path: Path) -> Iterator[dict[str, int]]:
    """A parent, a child, a stopped child and a zombie, all at rest."""
    source = """
import os, signal, sys, time
def child(stop=False, end=False):
    pid = os.fork()
    if pid == 0:
        if end:
            os._exit(3)
        os.execvp("sleep", ["sleep", "1000"])
    if stop:
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, os.WUNTRACED)
    if end:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return pid
print(child(), child(stop=True), child(end=True), flush=True)
sys.stdin.read()
"""
    program = tmp_path / "family.py"
    program.write_text(source)
    parent = subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    limit = time.monotonic() + 10
    while "sleep" not in Path(f"/proc/{pids[0]}/comm").read_text():
        assert time.monotonic() < limit
    yield {"parent": parent.pid, "child": pids[0], "stopped": pids[1], "zombie": pids[2]}
    for pid in pids[:2]:
        os.kill(pid, signal.SIGKILL)
    parent.kill()
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()


PS = "pid,ppid,uid,stat,ni,vsz,rss,nlwp,min_flt,maj_flt,comm"


def times_run() -> dict[int, list[str]]:
    """For every thread of every process: run time, wait time and time slices."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found[int(folder.name)] = [file.read_text() for file in sorted(folder.glob("task/*/schedstat"))]
        except OSError:
            continue
    return found


def test_agrees_with_ps_about_all_that_sleep(peer: Callable[[str], str], family: dict[str, int]) -> None:
    """Whatever ran between two looks is left out: it was not at rest."""
    before = times_run()
    done = subprocess.run([peer("ps"), "-e", "-o", PS], capture_output=True, text=True, check=True)
    theirs = {int(line.split(None, 1)[0]): line for line in done.stdout.splitlines()[1:]}
    ours = rows()
    after = times_run()
    compared = 0
    for pid, line in theirs.items():
        if pid not in ours or pid not in before or before[pid] != after.get(pid):
            continue
        row = ours[pid]
        words = line.split(None, 10)
        nice = str(row["nice"])
        assert words[:4] == [str(pid), str(row["ppid"]), str(row["uid"]), row["stat"]], line
        assert words[4] in (nice, "-"), line
        assert words[5:7] == [str(row["vsz_bytes"] // 1024), str(row["rss_bytes"] // 1024)], line
        assert words[7:10] == [str(row["threads"]), str(row["minor_faults"]), str(row["major_faults"])], line
        shown = words[10].removesuffix(" <defunct>")
        name = re.sub(r"[\x00-\x1f\x7f]", "?", row["name"])  # as ps writes what a terminal would obey
        assert shown == name or (len(shown) > 15 and name.startswith(shown)), line  # ps cuts kernel names
        assert row["state"] == row["stat"][0]
        compared += 1
    assert compared > 20
    assert {family["parent"], family["child"], family["stopped"], family["zombie"]} <= set(ours)
    assert ours[family["zombie"]]["state"] == "Z"
    assert ours[family["stopped"]]["state"] == "T"


def test_the_tree_is_drawn_as_ps_draws_it(peer: Callable[[str], str], family: dict[str, int]) -> None:
    wanted = [str(pid) for pid in family.values()]

    def branch(command: list[str]) -> list[tuple[str, str]]:
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[1:]
        picked = [line.split(None, 4) for line in lines if line.split(None, 1)[0] in wanted]
        return [(words[0], words[4].rstrip()) for words in picked]

    theirs = branch([peer("ps"), "fx", "-ww", "-g", str(family["parent"])])
    ours = branch([*PITOP, "processes", "--tree", "--filter", f"sess={family['parent']}"])
    depth = {pid: text.rfind("\\_") for pid, text in theirs}
    top = depth[str(family["parent"])]
    assert [pid for pid, _ in ours] == [pid for pid, _ in theirs]
    for (pid, own), (_, other) in zip(ours, theirs, strict=True):
        assert own.rpartition("\\_ ")[2] == other.rpartition("\\_ ")[2]
        if pid != str(family["parent"]):
            assert depth[pid] - max(top, 0) in (4, 1)
    assert any("<defunct>" in text for _, text in ours)


def test_json_is_one_object_a_snapshot(family: dict[str, int]) -> None:
    done = pitop("processes", "--json", "--interval", "0.2", "--count", "2", "--filter", f"pid={family['child']}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 2
    for said in lines:
        assert set(said) == {"pane", "time", "host", "summary", "rows"}
        assert said["pane"] == "processes"
        assert abs(said["time"] - time.time()) < 30
        (row,) = said["rows"]
        assert row["cpu_percent"] == 0
        assert row["minor_faults_per_second"] == 0
    single = rows("--filter", f"pid={family['child']}")
    assert single[family["child"]]["cpu_percent"] is None


def test_json_of_the_tree_has_depths(family: dict[str, int]) -> None:
    said = rows("--tree")
    assert said[family["child"]]["depth"] == said[family["parent"]]["depth"] + 1
    assert said[1]["depth"] == 0


def test_columns_sort_and_filter(family: dict[str, int]) -> None:
    done = pitop("processes", "--columns", "pid,rss,command", "--sort", "-pid", "--filter", f"ppid={family['parent']}")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["PID", "RES", "COMMAND"]
    pids = [int(line.split()[0]) for line in lines[1:]]
    assert pids == sorted(pids, reverse=True)
    assert set(pids) == {family["child"], family["stopped"], family["zombie"]}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--filter", "cpu>>1"], 2, "^"),
        (["--columns", "pid,shoe"], 2, "shoe"),
        (["--sort", "shoe"], 2, "shoe"),
        (["--interval", "0"], 2, "seconds"),
        (["--count", "2"], 2, "--interval"),
        (["--shoe"], 2, "shoe"),
    ],
)
def test_wrong_use_is_explained(arguments: list[str], status: int, words: str) -> None:
    done = pitop("processes", *arguments)
    assert done.returncode == status
    assert words in done.stderr
    assert done.stdout == ""


def test_an_unknown_command_is_named() -> None:
    done = pitop("shoes")
    assert done.returncode == 2
    assert "shoes" in done.stderr


def test_without_a_terminal_it_says_what_to_use() -> None:
    done = pitop(stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert "terminal" in done.stderr


HOSTILE = [b"[/etc]", b"\x1b]0;x\x07", b"two\nlines", b"\xff\xfe", b"a" * 4096, "\u202eright".encode()]


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[list[int]]:
    """Processes with names and arguments that want to reach the terminal."""
    children = []
    for number, name in enumerate(HOSTILE):
        program = tmp_path / f"program{number}"
        program.symlink_to("/bin/sleep")
        children.append(subprocess.Popen([name, b"1000"], executable=program))
    yield [child.pid for child in children]
    for child in children:
        child.kill()
        child.wait()


def test_hostile_names_are_visible_and_harmless(hostile: list[int]) -> None:
    pids = ",".join(map(str, hostile))
    text = subprocess.run([*PITOP, "processes", "--filter", f"pid in {pids}"], capture_output=True, check=True).stdout
    assert b"\x1b" not in text
    assert b"\x07" not in text
    assert text.count(b"\n") == len(hostile) + 1
    for shown in ("[/etc] 1000", r"\e]0;x\a 1000", r"two\nlines 1000", r"\xff\xfe 1000", "a" * 4096, r"\u202eright"):
        assert shown in text.decode()
    commands = [row["command"] for row in rows("--filter", f"pid in {pids}").values()]
    assert "\x1b]0;x\x07 1000" in commands


def test_a_closed_pipe_ends_it_quietly() -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m pitop processes --interval 0.1 | head -1"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.split()[0] == "PID"


def test_an_interrupt_ends_it_with_130() -> None:
    running = subprocess.Popen(
        [*PITOP, "processes", "--interval", "0.1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stdout is not None
    running.stdout.readline()
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=10)
    assert running.returncode == 130
    assert errors == b""
