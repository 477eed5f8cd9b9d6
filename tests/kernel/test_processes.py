"""The readers of /proc: parsers on any bytes, trees of our own, and this machine."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.kernel.processes import ProcessReader, TerminalNames, hidden, parse_stat, parse_status
from tests.tree import FakeProc

REST = (
    b" S 1 7 7 34816 7 4194304 11 0 3 0 150 50 0 0 20 0 1 0 1000 4096 2 18446744073709551615 "
    + b"0 " * 13
    + b"1 0 0 0 0"
)


@pytest.mark.parametrize(
    "name", [b"sh", b"a) S 2 (b", b"two\nlines", b"\x1b]0;x\x07", b"", b"((", b"))", b"tmux: server", "日本".encode()]
)
def test_stat_with_any_name(name: bytes) -> None:
    stat = parse_stat(b"7 (" + name + b")" + REST)
    assert stat.comm == name.decode()
    assert (stat.pid, stat.state, stat.ppid, stat.tty, stat.start_ticks, stat.vsz_bytes) == (
        7,
        "S",
        1,
        34816,
        1000,
        4096,
    )
    assert (stat.minor_faults, stat.major_faults, stat.user_ticks, stat.system_ticks, stat.processor) == (
        11,
        3,
        150,
        50,
        1,
    )
    assert stat.rss_bytes == 2 * os.sysconf("SC_PAGE_SIZE")


def test_stat_with_a_name_that_is_not_utf8_keeps_its_bytes_visible() -> None:
    assert parse_stat(b"7 (\xff\xfe)" + REST).comm == r"\xff\xfe"


@given(st.binary(max_size=300))
def test_stat_of_anything_parses_or_is_refused(data: bytes) -> None:
    try:
        parse_stat(data)
    except ValueError:
        pass


@given(st.binary(max_size=20), st.integers(0, 400))
def test_stat_that_was_cut_is_refused_or_whole(name: bytes, cut: int) -> None:
    whole = b"7 (" + name + b")" + REST
    try:
        stat = parse_stat(whole[:cut])
    except ValueError:
        return
    assert stat.pid == 7


def test_status_is_not_fooled_by_the_name() -> None:
    data = b"Name:\tx\\nUid:\t5\nUmask:\t0022\nUid:\t0\t1000\t0\t0\nVmLck:\t      16 kB\n"
    status = parse_status(data)
    assert (status.uid, status.locked) == (1000, True)
    with pytest.raises(ValueError, match="no Uid"):
        parse_status(b"Name:\tx\n")


def test_reads_a_tree(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path / "proc")
    proc.process(1, comm="init")
    proc.process(50, uid=1000, command=b"a\0b c\0\0")
    reader = ProcessReader(str(proc.root))
    assert reader.pids() == {"1", "50"}
    assert not reader.has_clocks
    assert reader.stat("50").pid == 50
    assert reader.status("50").uid == 1000  # type: ignore[union-attr]
    assert reader.command("50") == "a b c"
    page = os.sysconf("SC_PAGE_SIZE")
    assert reader.resident("50") == (25 * page, 10 * page)
    with pytest.raises(ProcessLookupError):
        reader.stat("51")


def test_a_clock_stands_still_while_its_process_sleeps_and_moves_while_it_runs() -> None:
    reader = ProcessReader()
    assert reader.has_clocks
    child = subprocess.Popen(["sleep", "60"])
    try:
        clock = reader.clock_id(child.pid)
        until_sleeping(reader, child.pid)
        assert reader.cpu_ns(clock) == reader.cpu_ns(clock)
    finally:
        child.kill()
        child.wait()
    own = reader.clock_id(os.getpid())
    before = reader.cpu_ns(own)
    sum(range(100_000))
    assert before is not None
    assert reader.cpu_ns(own) > before  # type: ignore[operator]
    assert reader.cpu_ns(reader.clock_id(child.pid)) is None


def until_sleeping(reader: ProcessReader, pid: int) -> None:
    limit = time.monotonic() + 10
    while reader.stat(str(pid)).state != "S" or reader.stat(str(pid)).comm != "sleep":
        assert time.monotonic() < limit


def test_terminal_names(tmp_path: Path) -> None:
    folder = tmp_path / "dev/char/204:64"
    folder.mkdir(parents=True)
    (folder / "uevent").write_text("MAJOR=204\nMINOR=64\nDEVNAME=ttyAMA0\n")
    names = TerminalNames(str(tmp_path))
    assert names[0] == "?"
    assert names[os.makedev(136, 3)] == "pts/3"
    assert names[os.makedev(137, 1)] == "pts/257"
    assert names[os.makedev(204, 64)] == "ttyAMA0"
    assert names[os.makedev(9, 9)] == "9:9"


def test_hidepid_is_noticed(tmp_path: Path) -> None:
    assert hidden(str(tmp_path), {"50"})
    assert not hidden(str(tmp_path), {"1", "50"})


def test_a_process_that_has_just_ended_does_not_hide_the_clocks_of_the_others() -> None:
    reader = ProcessReader()
    ended = subprocess.Popen(["true"])
    ended.wait()
    gone, here = reader.clock_id(ended.pid), reader.clock_id(os.getpid())
    readings = reader.all_cpu_ns([gone, here, here, gone, gone, here])
    assert [reading is None for reading in readings] == [True, False, False, True, True, False]
