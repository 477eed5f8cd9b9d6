"""The first sample that a child takes: it is what would have been sampled here, or nothing, and leaves nothing."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from bench.program import Program
from bench.programs import PROGRAMS
from pitop.collect.live import LiveSource
from pitop.collect.processes import ProcessesCollector
from pitop.collect.topics import PROCESSES, Topic
from pitop.kernel.processes import ProcessReader
from pitop.model.processes import ProcessesSnapshot
from pitop.model.snapshot import Failure, Snapshot

# Python 3.12 and newer warn of a fork beside threads: here the tests have some, the program has none yet.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

HERE = os.getpid()


class Placed(Snapshot, frozen=True, kw_only=True):
    pid: int


class Placing:
    """Samples in which process it is; `MOOD` in the environment says how the child fails."""

    every: float | None = None

    def __init__(self) -> None:
        self.pid: int | None = None

    def collect(self) -> Placed:
        mood = os.environ.get("MOOD") if os.getpid() != HERE else None
        if mood == "raises":
            raise RuntimeError("not here")
        if mood == "hangs":
            signal.pause()
        if self.pid is None:
            self.pid = os.getpid()
        return Placed(time=time.time(), host="here", pid=self.pid)

    def kept(self) -> Any:
        if os.environ.get("MOOD") == "keeps too little":
            os._exit(0)
        return self.pid

    def inherit(self, kept: Any) -> None:
        self.pid = kept

    def ask(self, request: Struct) -> None:
        pass

    def descriptors(self) -> Sequence[int]:
        return ()

    def close(self) -> None:
        pass


PLACED: Topic[Placed] = Topic("placed", f"{__name__}:Placing")


def children(pid: int) -> set[str]:
    return {each for task in Path(f"/proc/{pid}/task").iterdir() for each in (task / "children").read_text().split()}


@pytest.fixture(autouse=True)
def _no_child_is_left() -> Iterator[None]:
    before = children(HERE)
    yield
    assert children(HERE) <= before


@pytest.fixture
def source() -> Iterator[LiveSource]:
    live = LiveSource(0.05)
    yield live
    live.close()


def heard(source: LiveSource, topic: Topic[Any]) -> queue.Queue[Any]:
    results: queue.Queue[Any] = queue.Queue()
    source.subscribe(topic, results.put)
    return results


def test_the_first_sample_is_the_childs(source: LiveSource) -> None:
    source.begin(PLACED)
    assert heard(source, PLACED).get(timeout=5).pid != HERE


@pytest.mark.parametrize("mood", ["raises", "keeps too little"])
def test_a_child_that_fails_leaves_it_to_who_subscribes(
    source: LiveSource, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], mood: str
) -> None:
    monkeypatch.setenv("MOOD", mood)
    source.begin(PLACED)
    assert heard(source, PLACED).get(timeout=5).pid == HERE
    assert capfd.readouterr() == ("", "")  # nothing of it on the screen


def test_a_child_that_hangs_is_ended(source: LiveSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOOD", "hangs")
    monkeypatch.setattr("pitop.collect.worker._PATIENCE", 0.05)
    source.begin(PLACED)
    assert heard(source, PLACED).get(timeout=5).pid == HERE


def test_nobody_waits_for_a_child_at_the_end(source: LiveSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOOD", "hangs")
    source.begin(PLACED)
    heard(source, PLACED)
    worker = source._channels[PLACED.name].worker
    source.close()
    assert worker.join(0)


def test_a_child_whose_end_the_kernel_tells_nobody_is_no_trouble(source: LiveSource) -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # as a parent may have left it
    try:
        source.begin(PLACED)
        assert heard(source, PLACED).get(timeout=5).pid == HERE
        source.begin(PROCESSES)
        source.close()
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_a_sample_of_long_ago_is_not_shown() -> None:
    old, new = ProcessesCollector(), ProcessesCollector()
    old.collect()
    moment, tracks = old.kept()
    assert moment is not None
    new.inherit((moment._replace(monotonic=moment.monotonic - 60, unix=1.0), tracks))
    assert new.collect().time > 1.0


def test_a_source_that_is_closed_before_ends_it(source: LiveSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOOD", "hangs")
    before = children(HERE)
    source.begin(PLACED)
    source.close()
    assert children(HERE) == before


def test_a_collector_that_cannot_be_loaded_is_told_in_its_place(source: LiveSource) -> None:
    lost: Topic[Placed] = Topic("lost", "pitop.collect.lost:Lost")
    source.begin(lost)
    assert isinstance(heard(source, lost).get(timeout=5), Failure)


def test_no_processes_are_lost_or_added(source: LiveSource) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"], stdout=-1)
    try:
        assert sleeper.stdout is not None
        sleeper.stdout.readline()
        while ProcessReader().stat(str(sleeper.pid)).state != "S":
            pass  # it is about to sleep, and changes nothing from then on
        source.begin(PROCESSES)
        begun = time.time()
        # The child has its rows before this one is born.
        ahead = source._begun[PROCESSES.name]
        os.waitid(os.P_PID, ahead.pid, os.WEXITED | os.WNOWAIT)
        later = subprocess.Popen(["sleep", "60"])
        try:
            results = heard(source, PROCESSES)
            first: ProcessesSnapshot = results.get(timeout=5)
            second: ProcessesSnapshot = results.get(timeout=5)
            here = ProcessesCollector().collect()
        finally:
            later.kill()
            later.wait()
    finally:
        sleeper.kill()
        sleeper.communicate()
    rows = {row.pid: row for row in first.rows}
    same = next(row for row in here.rows if row.pid == sleeper.pid)
    assert rows[sleeper.pid] == same
    assert first.time >= begun
    assert HERE in rows
    assert ahead.pid not in rows
    assert later.pid not in rows
    following = {row.pid: row for row in second.rows}
    assert following[later.pid].first_seen is not None
    assert following[sleeper.pid].first_seen is None
    assert following[sleeper.pid].cpu_percent is not None  # two samples, of two processes
    assert ahead.pid not in {row.pid for row in second.ended}


def test_the_program_begins_before_it_imports_its_screen_and_ends_the_child(tmp_path: Path) -> None:
    told = tmp_path / "forks"
    script = (
        "import sys\n"
        "def hear(event, _):\n"
        "    if event == 'os.fork':\n"
        f"        print('textual' in sys.modules, file=open({str(told)!r}, 'a'))\n"
        "sys.addaudithook(hear)\n"
        "from pitop.__main__ import main\n"
        "sys.exit(main())\n"
    )
    pitop = next(each for each in PROGRAMS if each.name == "pitop")
    with Program([sys.executable, "-c", script]) as program:
        assert program.await_screen(pitop.shows_content(), 20) is not None, "\n".join(program.screen.rows())
        assert told.read_text() == "False\n"
        assert children(program.pid) == set()
