"""A process's mappings and sums: every kernel's form of them, refusals, endings, and what other tools say."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pitop.kernel.memory.smaps import Gone, read_holding, read_mappings, read_stat
from pitop.model.memory.mappings import Kind, summed
from pitop.render.memory.report import pmap_table
from tests.memorylab import Toucher

STAT = "77 (odd) name\n) S 1 77 77 0 -1 4194304 120 0 3 0 1 2 0 0 20 0 1 0 {start} 8192000 500 " + "0 " * 30 + "\n"
SMAPS = """\
00400000-00402000 r-xp 00000000 fe:00 1001                               /opt/app
Size:                  8 kB
KernelPageSize:        4 kB
Rss:                   8 kB
Pss:                   4 kB
Shared_Clean:          8 kB
Shared_Dirty:          0 kB
Private_Clean:         0 kB
Private_Dirty:         0 kB
Referenced:            8 kB
Anonymous:             0 kB
Swap:                  0 kB
SwapPss:               0 kB
Locked:                0 kB
THPeligible:           0
ProtectionKey:         0
VmFlags: rd ex mr mw me
00402000-00403000 rw-p 00002000 fe:00 1001                               /opt/app
Size:                  4 kB
Rss:                   4 kB
Pss:                   4 kB
Shared_Clean:          0 kB
Shared_Dirty:          0 kB
Private_Clean:         0 kB
Private_Dirty:         4 kB
Swap:                  0 kB
VmFlags: rd wr
00403000-00405000 rw-p 00000000 00:00 0
Size:                  8 kB
Rss:                   0 kB
Pss:                   0 kB
Shared_Clean:          0 kB
Shared_Dirty:          0 kB
Private_Clean:         0 kB
Private_Dirty:         0 kB
Swap:                  8 kB
VmFlags: rd wr
7f0000000000-7f0000001000 r--p 00000000 fe:00 1002                       /tmp/two\\012lines [x] (deleted)
Size:                  4 kB
Rss:                   4 kB
Pss:                   4 kB
Shared_Clean:          0 kB
Shared_Dirty:          0 kB
Private_Clean:         4 kB
Private_Dirty:         0 kB
Swap:                  0 kB
VmFlags: rd
7f0000002000-7f0000003000 rw-s 00000000 00:01 5                          /dev/shm/\x1b[2J\udcff
Size:                  4 kB
Rss:                   4 kB
Pss:                   2 kB
Shared_Clean:          0 kB
Shared_Dirty:          4 kB
Private_Clean:         0 kB
Private_Dirty:         0 kB
Swap:                  0 kB
VmFlags: rd wr
"""


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A tree with process 77, which has `stat`, `status`, `exe` and nothing else yet."""
    folder = tmp_path / "77"
    folder.mkdir()
    (folder / "stat").write_text(STAT.format(start=4711))
    (folder / "status").write_text("Name:\todd\nVmSwap:\t      12 kB\n")
    (folder / "oom_score").write_text("321\n")
    (folder / "oom_score_adj").write_text("-5\n")
    (folder / "exe").symlink_to("/opt/app")
    return tmp_path


def test_mappings_are_told_apart_and_measured(proc: Path) -> None:
    (proc / "77/smaps").write_bytes(SMAPS.encode(errors="surrogateescape"))
    stat, mappings = read_mappings(77, proc)
    assert (stat.key, stat.comm) == ((77, 4711), "odd) name\n")
    assert [each.kind for each in mappings] == [Kind.TEXT, Kind.DATA, Kind.DATA, Kind.FILE, Kind.SHARED]
    text, data, bss, odd, shared = mappings
    assert (text.size_bytes, text.rss_bytes, text.pss_bytes, text.shared_bytes) == (8192, 8192, 4096, 8192)
    assert (text.thp_eligible, text.flags, text.referenced_bytes) == (0, "rd ex mr mw me", 8192)
    assert (text.protection_key, data.protection_key) == (0, None)
    assert (data.private_dirty_bytes, data.referenced_bytes, data.thp_eligible) == (4096, None, None)
    assert (bss.path, bss.swap_bytes) == ("", 8192)
    assert odd.path == "/tmp/two\nlines [x] (deleted)"
    assert odd.deleted
    assert shared.path == "/dev/shm/\x1b[2J\\xff"


def test_without_rollup_the_mappings_are_summed(proc: Path) -> None:
    (proc / "77/smaps").write_bytes(SMAPS.encode(errors="surrogateescape"))
    holding = read_holding((77, 4711), 5.0, proc)
    assert holding is not None
    assert holding.rollup is not None
    assert (holding.rollup.rss_bytes, holding.rollup.pss_bytes, holding.rollup.uss_bytes) == (20480, 14336, 8192)
    assert (holding.swap_bytes, holding.oom_score, holding.oom_score_adjust) == (8192, 321, -5)


def test_with_rollup(proc: Path) -> None:
    (proc / "77/smaps_rollup").write_text(
        "00400000-7fff0000 ---p 00000000 00:00 0   [rollup]\nRss:  40 kB\nPss:  30 kB\nPss_Dirty: 1 kB\n"
        "Shared_Clean: 8 kB\nShared_Dirty: 4 kB\nPrivate_Clean: 12 kB\nPrivate_Dirty: 16 kB\n"
        "Private_Hugetlb: 2048 kB\nSwap: 20 kB\nSwapPss: 10 kB\n"
    )
    holding = read_holding((77, 4711), 5.0, proc)
    assert holding is not None
    assert holding.rollup is not None
    assert holding.rollup.uss_bytes == (12 + 16 + 2048) * 1024
    assert holding.rollup.swap_pss_bytes == 10 * 1024


def test_without_smaps_addresses_remain(proc: Path) -> None:
    (proc / "77/maps").write_text("00400000-00402000 r-xp 00000000 fe:00 1001    /opt/app\n")
    _, (only,) = read_mappings(77, proc)
    assert (only.kind, only.size_bytes, only.rss_bytes) == (Kind.TEXT, 8192, None)
    holding = read_holding((77, 4711), 5.0, proc)
    assert holding is not None
    assert holding.rollup is None
    assert "CONFIG_PROC_PAGE_MONITOR" in holding.why
    assert holding.swap_bytes == 12 * 1024  # from status


def test_a_pid_that_is_another_process_by_now(proc: Path) -> None:
    assert read_holding((77, 9999), 5.0, proc) is None
    assert read_holding((78, 4711), 5.0, proc) is None
    with pytest.raises(Gone):
        read_stat(78, proc)


def test_sixty_thousand_mappings(proc: Path) -> None:
    lines = [f"{0x10000 + 0x2000 * i:x}-{0x11000 + 0x2000 * i:x} rw-p 0 00:00 0\nRss: 4 kB\n" for i in range(60_000)]
    (proc / "77/smaps").write_text("".join(lines))
    _, mappings = read_mappings(77, proc)
    assert len(mappings) == 60_000
    assert sum(each.rss_bytes or 0 for each in mappings) == 60_000 * 4096


def test_processes_that_end_while_they_are_read() -> None:
    read = 0
    for _ in range(25):
        child = subprocess.Popen(["sleep", "0.01"])
        stat = read_stat(child.pid)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            holding = read_holding(stat.key, 0.0)
            with contextlib.suppress(Gone):
                read_mappings(child.pid)
            child.poll()
            if holding is None and child.returncode is not None:
                break
            read += 1
        else:
            pytest.fail("an ended process was still read")
        assert read_holding(stat.key, 0.0) is None
    assert read > 0


@pytest.mark.usefixtures("root")
def test_somebody_elses_process_is_refused_but_its_swap_is_not() -> None:
    """Read by `nobody`: smaps_rollup asks for more than status does."""
    stat = read_stat(os.getpid())
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        holding = read_holding(stat.key, 1.0)
        said = f"{holding.rollup}|{holding.why}|{holding.swap_bytes}|{holding.oom_score}" if holding else "gone"
        try:
            read_mappings(stat.pid)
        except PermissionError:
            said += "|refused"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as file:
        rollup, why, swap, score, refused = file.read().split("|")
    os.waitpid(child, 0)
    assert (rollup, refused) == ("None", "refused")
    assert why == "not permitted: run pitop as root"
    assert int(swap) >= 0
    assert int(score) >= 0


# --- what other tools say of a process at rest


@pytest.fixture
def resting() -> Iterator[Toucher]:
    """A process that has touched a thousand pages and waits."""
    with Toucher() as toucher:
        toucher.tell("map 67108864")
        toucher.tell("touch 0 1000")
        toucher.tell("shared 8388608")
        toucher.tell("touch 5 300")
        yield toucher


@pytest.fixture
def frozen(resting: Toucher, tmp_path: Path) -> Path:
    """The resting process's files, copied: a tool that runs shares libraries with it, which moves its PSS."""
    folder = tmp_path / "proc" / str(resting.pid)
    folder.mkdir(parents=True)
    for name in ("smaps", "smaps_rollup", "maps", "stat", "status", "cmdline", "oom_score", "oom_score_adj"):
        (folder / name).write_bytes(Path(f"/proc/{resting.pid}/{name}").read_bytes())
    (folder / "exe").symlink_to(os.readlink(f"/proc/{resting.pid}/exe"))
    for name in ("meminfo", "version"):
        (tmp_path / "proc" / name).write_bytes(Path("/proc", name).read_bytes())
    return tmp_path / "proc"


def test_smem_counts_the_same(resting: Toucher, frozen: Path, peer: Callable[[str], str]) -> None:
    printed = subprocess.run(
        [peer("smem"), "-H", "-S", str(frozen.parent), "-c", "pid pss uss swap rss"],
        capture_output=True,
        text=True,
        check=True,
    )
    (pid, *theirs), *_ = [line.split() for line in printed.stdout.splitlines()]
    assert int(pid) == resting.pid
    _, mappings = read_mappings(resting.pid, frozen)
    rollup = summed(mappings)
    assert rollup is not None
    told = (rollup.pss_bytes, rollup.uss_bytes, rollup.swap_bytes, rollup.rss_bytes)
    assert [(value or 0) // 1024 for value in told] == [int(word) for word in theirs]
    # The kernel's own sums: the same, but PSS without the rounding of each mapping to a KiB.
    holding = read_holding(read_stat(resting.pid, frozen).key, 0.0, frozen)
    assert holding is not None
    assert holding.rollup is not None
    assert (holding.rollup.uss_bytes, holding.rollup.rss_bytes) == (rollup.uss_bytes, rollup.rss_bytes)
    assert holding.rollup.pss_bytes is not None
    assert rollup.pss_bytes is not None
    assert 0 <= holding.rollup.pss_bytes - rollup.pss_bytes <= len(mappings) * 1024


@pytest.mark.usefixtures("root")
def test_pmap_prints_the_same(resting: Toucher, frozen: Path, peer: Callable[[str], str]) -> None:
    smaps = f"/proc/{resting.pid}/smaps"
    script = f"mount --bind {frozen}/{resting.pid}/smaps {smaps} && {peer('pmap')} -X {resting.pid}"
    printed = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, check=True)
    _, mappings = read_mappings(resting.pid, frozen)
    ours = [line.split() for line in pmap_table(mappings)]
    theirs = [line.split() for line in printed.stdout.splitlines()[1:]]
    assert ours[0] == theirs[0]  # the same columns in the same order
    columns = ours[0].index("Mapping")
    rows = slice(1, len(mappings) + 1)
    assert [line[:columns] for line in ours[rows]] == [line[:columns] for line in theirs[rows]]
    sums, their_sums = ours[-1][:-1], theirs[-1][:-1]
    assert sums == their_sums[: len(sums)]  # pmap adds up THPeligible too, which says nothing


def test_the_kinds_of_a_real_process(resting: Toucher) -> None:
    _, mappings = read_mappings(resting.pid)
    kinds = {each.kind for each in mappings}
    assert {Kind.TEXT, Kind.DATA, Kind.HEAP, Kind.ANONYMOUS, Kind.LIBRARY, Kind.STACK, Kind.KERNEL} <= kinds
    assert Kind.SHARED in kinds
    exe = os.path.realpath(f"/proc/{resting.pid}/exe")
    assert {each.path for each in mappings if each.kind is Kind.TEXT} == {exe}
    assert all(re.search(r"\.so|ld-", each.path) for each in mappings if each.kind is Kind.LIBRARY)
