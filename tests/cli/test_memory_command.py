"""`pitop memory`, run as people run it, beside free, vmstat and ps."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.memorylab import Toucher

DATA = Path(__file__).parents[1] / "data/memory"
COMMAND = [sys.executable, "-m", "pitop", "memory"]


def pitop(*arguments: str, status: int = 0) -> str:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


def document(*arguments: str) -> Any:
    lines = pitop(*arguments, "--json").splitlines()
    assert len(lines) == 1
    return json.loads(lines[0])


def on_machine(tree: str, script: str) -> list[str]:
    """What commands print on a machine whose /proc/meminfo is that of a fake tree."""
    mount = f"mount --bind {DATA / tree}/proc/meminfo /proc/meminfo && "
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mount + script], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("tree", ["server", "board"])
@pytest.mark.parametrize("unit", ["-b", "-k", "-m", "-g"])
def test_the_first_block_is_what_free_prints(tree: str, unit: str, peer: Callable[[str], str]) -> None:
    ours = " ".join(COMMAND)
    lines = on_machine(tree, f"{peer('free')} {unit}; {ours} {unit} --filter pid=0")
    free, block = lines[:3], lines[3:6]
    assert [line.rstrip() for line in free] == [line.rstrip() for line in block]


@pytest.mark.usefixtures("root")
def test_the_memory_columns_are_vmstats(peer: Callable[[str], str]) -> None:
    lines = on_machine("server", f"{peer('vmstat')}; {' '.join(COMMAND)} --filter pid=0")
    theirs = lines[2].split()[2:6]
    ours = next(line for line in lines[3:] if line.endswith("since boot")).split()[:4]
    assert ours == theirs


def test_one_object_a_snapshot() -> None:
    lines = [json.loads(line) for line in pitop("--interval", "0.2", "--count", "2", "--json").splitlines()]
    assert len(lines) == 2
    for told in lines:
        assert told.keys() == {"pane", "time", "host", "summary", "rows"}
        assert told["pane"] == "memory"
        summary = told["summary"]
        for name in (
            "total_bytes", "free_bytes", "available_bytes", "buffers_bytes", "cached_bytes", "shmem_bytes",
            "swap_total_bytes", "swap_free_bytes", "minor_faults_per_second", "major_faults_per_second",
            "swap_in_bytes_per_second", "swap_out_bytes_per_second",
        ):  # fmt: skip
            assert isinstance(summary[name], int | float), name
        for formula in ("htop", "free"):
            terms = summary["formulas"][formula]
            assert sum(term["sign"] * term["bytes"] for term in terms) == summary[f"used_{formula}_bytes"]
    assert lines[1]["time"] > lines[0]["time"]


def test_rows_of_processes() -> None:
    with Toucher() as toucher:
        toucher.tell("map 67108864")
        toucher.tell("touch 0 5000")
        (row,) = document("--filter", f"pid={toucher.pid}")["rows"]
    assert row["uss_bytes"] >= 5000 * 4096
    assert row["rss_bytes"] >= row["pss_bytes"] >= row["uss_bytes"]
    assert row["vsz_bytes"] > 67108864
    assert row["swap_bytes"] is not None
    assert row["minor_faults"] >= 5000
    assert row["major_faults"] is not None
    assert row["minor_faults_per_second"] is None  # one sample
    assert row["age_seconds"] < 5


def test_mappings_of_a_process() -> None:
    with Toucher() as toucher:
        toucher.tell("map 67108864")
        toucher.tell("touch 0 5000")
        told = document("--pid", str(toucher.pid))
        text = pitop("--pid", str(toucher.pid))
    rows, summary = told["rows"], told["summary"]
    assert sum(row["rss_bytes"] for row in rows) == summary["rss_bytes"]
    assert {"start", "end", "permissions", "path", "size_bytes", "rss_bytes", "pss_bytes", "swap_bytes"} <= set(rows[0])
    arena = next(row for row in rows if row["size_bytes"] == 67108864)
    assert arena["rss_bytes"] == 5000 * 4096
    assert int(arena["end"], 16) - int(arena["start"], 16) == arena["size_bytes"]
    lines = text.splitlines()
    assert lines[0].startswith(f"{toucher.pid}: ")
    assert lines[1].startswith("asked for ")
    assert " MB, holds " in lines[1]
    assert "shared" in lines[1]
    # One stretch with its anonymous neighbours, so perhaps a little more.
    drawn = next(line for line in lines if re.search(r" 6\d+M +2\dM █+·+ +anonymous", line))
    assert drawn.split()[0] <= arena["start"]
    assert any(line.split()[1:2] == ["gap"] for line in lines)
    assert lines[-1].split()[-1] == "KB"


def test_the_table_sorts_filters_and_groups() -> None:
    with Toucher() as one, Toucher() as other:
        for toucher in (one, other):
            toucher.tell("name twins-of-test")
        one.tell("map 67108864")
        one.tell("touch 0 3000")
        narrow = ["--filter", "name=twins-of-test"]
        pids = [row["pid"] for row in document(*narrow, "--sort", "pss")["rows"]]
        assert pids == [one.pid, other.pid]
        assert [row["pid"] for row in document(*narrow, "--sort=-pss")["rows"]] == [other.pid, one.pid]
        (group,) = document(*narrow, "--group", "name")["rows"]
        assert (group["name"], group["count"], group["pid"]) == ("twins-of-test", 2, None)
        lines = pitop(*narrow, "--columns", "pid,uss,name").splitlines()
        assert lines[-4].split() == ["PID", "USS", "NAME"]
        assert lines[-1].split()[-1] == "total"


def test_a_hostile_name_is_made_visible() -> None:
    with Toucher() as toucher:
        toucher.tell("name \x1b]0;x\x07[/a]")
        said = pitop("--filter", f"pid={toucher.pid}", "--columns", "pid,name")
        assert r"\e]0;x\a[/a]" in said
        assert "\x1b" not in said
        assert document("--filter", f"pid={toucher.pid}")["rows"][0]["name"] == "\x1b]0;x\x07[/a]"
        assert "\x1b" not in pitop("--pid", str(toucher.pid))


def test_rates_line_by_line_and_then_the_table() -> None:
    lines = pitop("--interval", "0.1", "--count", "3", "--filter", "pid=1").splitlines()
    header = next(i for i, line in enumerate(lines) if line.split()[:2] == ["swpd", "free"])
    assert [len(line.split()) for line in lines[header + 1 : header + 4]] == [16, 16, 16]
    assert lines[header + 5].split()[0] == "PID"


def test_a_kernel_thread_has_no_memory() -> None:
    said = pitop("--pid", "2") if Path("/proc/2/smaps").exists() else ""
    assert not said or "has no memory of its own" in said


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--pid", "self"]])
def test_neither_the_screen_nor_psutil_is_imported(arguments: list[str]) -> None:
    script = (
        "import os, sys; from pitop.__main__ import main; "
        "main(['memory', *(str(os.getpid()) if each == 'self' else each for each in sys.argv[1:])]); "
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    imported = {name.partition(".")[0] for name in done.stderr.split()}
    assert "pitop" in imported
    assert not imported & {"textual", "rich", "scapy", "dns", "psutil"}


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--pid", "4194305"), 1, "there is no process 4194305"),
        (("--sort", "nonsense"), 2, "there is no column “nonsense”"),
        (("--columns", "pid,\x1b"), 2, r"there is no column “\e”"),
        (("--filter", "rsss>1"), 2, "did you mean rss"),
        (("--count", "2"), 2, "--count needs --interval"),
        (("--interval", "0"), 2, "0.1"),
    ],
)
def test_what_goes_wrong_is_said(arguments: tuple[str, ...], status: int, said: str) -> None:
    assert said in pitop(*arguments, status=status)
