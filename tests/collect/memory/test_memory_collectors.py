"""The memory topics on fake trees, and on this machine with a process that faults as it is told."""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pitop.collect.collector import Unavailable
from pitop.collect.live import LiveSource
from pitop.collect.memory.mappings import MappingsCollector
from pitop.collect.memory.overview import MemoryCollector
from pitop.collect.topics import MEMORY, PROCESSES
from pitop.kernel.memory.smaps import read_stat
from pitop.model.memory.layout import Stretch
from pitop.model.memory.snapshot import Looking, MemorySnapshot
from pitop.model.memory.space import Space
from pitop.model.processes import Process
from pitop.model.snapshot import Failure
from tests.memorylab import Toucher

DATA = Path(__file__).parents[2] / "data/memory"
PAGE = os.sysconf("SC_PAGE_SIZE")


def collector(tree: str) -> MemoryCollector:
    return MemoryCollector(DATA / tree / "proc", DATA / tree / "sys", DATA / "kmsg.txt")


def test_a_server_tells_everything() -> None:
    with closing(collector("server")) as memory:
        snapshot = memory.collect()
    assert snapshot.missing == ()
    assert snapshot.pressure is not None
    assert snapshot.zswap is not None
    assert (len(snapshot.swap), len(snapshot.nodes), len(snapshot.zones)) == (2, 2, 2)
    assert snapshot.zram_bytes == 209715200
    assert snapshot.swappiness == 180
    assert [kill.pid for kill in snapshot.kills] == [31953, 77, 88]
    assert snapshot.activity.minor_faults_per_second is None


def test_what_a_kernel_lacks_is_said_and_the_rest_works() -> None:
    with closing(collector("board")) as memory:
        snapshot = memory.collect()
    assert [each.what for each in snapshot.missing] == ["memory pressure"]
    assert snapshot.missing[0].advice == "boot with psi=1"
    assert (snapshot.swap, snapshot.zram, snapshot.zswap, snapshot.nodes, snapshot.zones) == ((), (), None, (), ())
    assert snapshot.memory.swap_total_bytes == 0
    with closing(collector("old")) as memory:
        snapshot = memory.collect()
    assert [each.what for each in snapshot.missing] == ["memory pressure", "swap devices"]
    assert snapshot.swappiness is None


def test_no_log_no_counters_no_memory(tmp_path: Path) -> None:
    shutil.copytree(DATA / "board/proc", tmp_path / "proc")
    (tmp_path / "proc/vmstat").unlink()
    with closing(MemoryCollector(tmp_path / "proc", tmp_path / "sys", tmp_path / "none")) as memory:
        snapshot = memory.collect()
        missing = {each.what: each.why for each in snapshot.missing}
        assert missing["OOM victims"] == "the kernel's log cannot be read: No such file or directory"
        assert "vmstat" in missing["faults, paging and reclaim"]
        assert snapshot.counters.minor_faults is None
        (tmp_path / "proc/meminfo").unlink()
        with pytest.raises(Unavailable):
            memory.collect()


@pytest.mark.usefixtures("root")
def test_without_root_the_log_is_missing_and_says_so() -> None:
    if Path("/proc/sys/kernel/dmesg_restrict").read_text().strip() == "0" and os.access("/dev/kmsg", os.R_OK):
        log = Path(os.devnull).parent / "kmsg"
        mode = log.stat().st_mode
        expected = {"OOM victims"} if not mode & 0o004 else set()
    else:
        expected = {"OOM victims"}
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        with closing(MemoryCollector()) as memory:
            snapshot = memory.collect()
        said = ",".join(f"{each.what}/{each.advice}" for each in snapshot.missing if each.what == "OOM victims")
        os.write(writing, f"{snapshot.memory.total_bytes > 0}|{said}".encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as file:
        works, missing = file.read().split("|")
    os.waitpid(child, 0)
    assert works == "True"
    assert {part.split("/")[0] for part in missing.split(",") if part} == expected
    assert not missing or missing.endswith("run pitop as root")


def test_rates_between_two_samples(tmp_path: Path) -> None:
    shutil.copytree(DATA / "server", tmp_path / "server")
    vmstat = tmp_path / "server/proc/vmstat"
    with closing(MemoryCollector(tmp_path / "server/proc", tmp_path / "server/sys", DATA / "kmsg.txt")) as memory:
        memory.collect()
        started = time.monotonic()
        vmstat.write_text(vmstat.read_text().replace("pgfault 50000000", "pgfault 50001000"))
        rates = memory.collect().activity
        seconds = time.monotonic() - started
    assert rates.minor_faults_per_second is not None
    assert rates.minor_faults_per_second >= 1000 / (seconds + 0.1)
    assert rates.major_faults_per_second == 0.0
    assert rates.oom_kills == 0


def test_only_what_is_asked_for_is_read() -> None:
    with Toucher() as one, Toucher() as other, closing(MemoryCollector()) as memory:
        assert memory.collect().holdings == ()
        key = read_stat(one.pid).key
        memory.ask(Looking((key,)))
        assert [each.key for each in memory.collect().holdings] == [key]
        memory.ask(Looking((key, read_stat(other.pid).key)))
        assert [each.key[0] for each in memory.collect().holdings] == [one.pid, other.pid]
        one.end()
        assert key in [each.key for each in memory.collect().holdings]  # read a moment ago, and not due again


def test_a_request_is_answered_at_once() -> None:
    answers: queue.Queue[MemorySnapshot | Failure] = queue.Queue()
    source = LiveSource(interval=30.0)
    try:
        with Toucher() as toucher:
            hold = source.subscribe(MEMORY, answers.put)
            answers.get(timeout=20)
            key = read_stat(toucher.pid).key
            hold.ask(Looking((key,), key))
            answer = answers.get(timeout=20)
    finally:
        source.close()
    assert isinstance(answer, MemorySnapshot)
    assert [each.key for each in answer.holdings] == [key]
    assert answer.delays is not None


def test_a_request_alone_makes_no_rates_of_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with Toucher() as toucher, closing(MemoryCollector()) as memory:
        first = memory.collect()
        memory.ask(Looking((read_stat(toucher.pid).key,)))
        second = memory.collect()
        assert (second.time, second.activity) == (first.time, first.activity)
        assert len(second.holdings) == 1
        now += 1.0
        memory.ask(Looking())
        assert memory.collect().time > first.time


# --- faults, as the processes topic counts them


@pytest.fixture
def rows() -> Iterator[Callable[[int], Process]]:
    """`rows(pid)` is the process in a new sample."""
    with closing(PROCESSES.open()) as processes:

        def row(pid: int) -> Process:
            return next(each for each in processes.collect().rows if each.pid == pid)

        yield row


def test_every_first_touch_is_a_minor_fault(rows: Callable[[int], Process]) -> None:
    with Toucher() as toucher, closing(MemoryCollector()) as memory:
        toucher.tell("map 67108864")
        first = 0
        rows(toucher.pid)
        for pages in (1, 100, 10_000):
            toucher.tell("pid")  # what the telling itself costs comes before the measuring
            before, held = rows(toucher.pid), _held(memory, toucher.pid)
            toucher.tell(f"touch {first} {pages}")
            after, holds = rows(toucher.pid), _held(memory, toucher.pid)
            first += pages
            assert pages <= after.minor_faults - before.minor_faults <= pages + 12
            assert after.major_faults == before.major_faults
            assert pages <= (holds - held) / PAGE <= pages + 12
            assert after.vsz_bytes == before.vsz_bytes  # asked for long ago


def _held(memory: MemoryCollector, pid: int) -> int:
    """RSS by a new reading (the rounds would not read the same target again so soon)."""
    from pitop.kernel.memory.smaps import read_holding

    holding = read_holding(read_stat(pid).key, 0.0)
    assert holding is not None
    assert holding.rollup is not None
    return holding.rollup.rss_bytes


def _drop(path: Path) -> None:
    """Take a file out of the page cache."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@pytest.fixture
def disk(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder on a disk: /tmp may be in memory, where there are no major faults."""
    folder = Path("/var/tmp") / f"ptmemory{os.getpid()}-{request.node.name}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def test_a_file_that_is_not_cached_costs_major_faults(
    rows: Callable[[int], Process], disk: Path, peer: Callable[[str], str]
) -> None:
    data = disk / "data"
    data.write_bytes(os.urandom(8 << 20))
    _drop(data)
    report = disk / "time"
    with Toucher(peer("time"), "-v", "-o", str(report)) as toucher:
        toucher.tell(f"file {data}")
        toucher.tell("read")
        cold = rows(toucher.pid)
        toucher.tell("unmap")
        toucher.tell(f"file {data}")
        toucher.tell("read")
        warm = rows(toucher.pid)
        toucher.end()
    match = re.search(r"Major \(requiring I/O\) page faults: (\d+)", report.read_text())
    assert match is not None
    assert cold.major_faults > 0
    assert warm.major_faults == cold.major_faults  # all of it is in the cache by now
    assert warm.minor_faults > cold.minor_faults
    assert int(match[1]) == warm.major_faults


def test_the_first_run_of_a_program_faults_from_disk_and_the_second_does_not(
    rows: Callable[[int], Process], disk: Path, peer: Callable[[str], str]
) -> None:
    program = disk / "shell"
    shutil.copy(peer("bash"), program)
    _drop(program)
    faults = []
    for _ in range(2):
        shell = subprocess.Popen(
            [program, "-c", "echo ready; read line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert shell.stdout is not None
        assert shell.stdout.readline() == "ready\n"
        faults.append(rows(shell.pid).major_faults)
        shell.communicate("end\n")
    assert faults[0] > 0
    assert faults[1] == 0


def test_ps_prints_the_rows_figures(rows: Callable[[int], Process], peer: Callable[[str], str]) -> None:
    with Toucher() as toucher:
        toucher.tell("map 67108864")
        toucher.tell("touch 0 777")
        printed = subprocess.run(
            [peer("ps"), "-o", "vsz=,rss=,min_flt=,maj_flt=", "-p", str(toucher.pid)],
            capture_output=True,
            text=True,
            check=True,
        )
        row = rows(toucher.pid)
    told = [row.vsz_bytes // 1024, row.rss_bytes // 1024, row.minor_faults, row.major_faults]
    assert [int(word) for word in printed.stdout.split()] == told


# --- the kernel kills


@pytest.fixture
def small_group(root: None) -> Iterator[Path]:
    """A control group that may have 16 MiB; its file of members."""
    one, two = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
    name = f"ptmemory{os.getpid()}"
    if (one / "memory.limit_in_bytes").exists():
        folder, limit, members = one / name, "memory.limit_in_bytes", "tasks"
    else:
        folder, limit, members = two / name, "memory.max", "cgroup.procs"
        (two / "cgroup.subtree_control").write_text("+memory")
    folder.mkdir()
    (folder / limit).write_text("16M")
    swap = folder / "memory.swap.max"
    if swap.exists():
        swap.write_text("0")
    yield folder / members
    deadline = time.monotonic() + 5
    while folder.exists():
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def test_whom_the_kernel_killed(small_group: Path) -> None:
    with closing(MemoryCollector()) as memory:
        before = memory.collect()
        toucher = Toucher()
        toucher.tell("name victim-of-test")
        small_group.write_text(str(toucher.pid))
        toucher.tell("map 67108864")
        with pytest.raises(AssertionError, match="died"):
            toucher.tell("touch 0 16384")
        deadline = time.monotonic() + 5
        while True:
            after = memory.collect()
            kill = next((each for each in after.kills if each.pid == toucher.pid), None)
            if kill is not None or time.monotonic() > deadline:
                break
        toucher.end()
    assert kill is not None
    assert (kill.name, kill.group) == ("victim-of-test", True)
    assert 8 << 20 < kill.rss_bytes < 32 << 20
    assert abs(kill.time - time.time()) < 60
    assert before.counters.oom_kills is not None
    assert after.counters.oom_kills is not None
    assert after.counters.oom_kills > before.counters.oom_kills


# --- an address space


def test_an_address_space_lives_and_ends() -> None:
    with closing(MappingsCollector()) as space, Toucher() as toucher:
        nothing = space.collect()
        assert (nothing.mappings, nothing.key) == ((), (0, 0))
        space.ask(Space(toucher.pid))
        first = space.collect()
        assert first.key == read_stat(toucher.pid).key
        assert first.size_bytes == read_stat(toucher.pid).vsz_bytes
        assert first.rollup is not None
        toucher.tell("map 1048576")
        assert space.collect() is first  # five seconds have not passed
        assert space.every is not None
        assert space.every >= 5
        space.ask(Space(*first.key))
        again = space.collect()  # another request
        assert again.size_bytes == first.size_bytes + 1048576
        assert again.changes == ()
        space.ask(Space(toucher.pid, first.key[1] + 1))
        with pytest.raises(Unavailable, match="has ended"):
            space.collect()


def test_an_address_space_grows_and_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = time.monotonic
    passed = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: clock() + passed)
    with closing(MappingsCollector()) as space, Toucher() as toucher:
        space.ask(Space(toucher.pid))
        first = space.collect()
        toucher.tell("map 67108864")
        toucher.tell("touch 0 256")
        passed += 6
        grown = space.collect()
        assert grown.grown_bytes == 67108864
        assert grown.grown_rss_bytes is not None
        assert grown.grown_rss_bytes >= 256 * PAGE
        assert any(change.new or change.size_bytes >= 67108864 for change in grown.changes)
        assert sum(1 for each in grown.places if isinstance(each, Stretch)) <= len(grown.mappings)
        space.ask(Space(toucher.pid, mark=1))
        marked = space.collect()  # counted from here on, without another reading
        assert (marked.changes, marked.grown_bytes, marked.mappings) == ((), 0, grown.mappings)
        toucher.tell("unmap")
        passed += 6
        shrunk = space.collect()
        assert shrunk.grown_bytes == -67108864
        assert shrunk.size_bytes == first.size_bytes


def test_a_process_that_ended_is_shown_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(MappingsCollector()) as space, Toucher() as toucher:
        space.ask(Space(toucher.pid))
        first = space.collect()
        toucher.end()
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 6)
        last = space.collect()
        assert last.ended
        assert last.mappings == first.mappings
        assert space.collect() is last
