"""The roll of processes: what the kernel tells of births and deaths comes to the same as a listing of /proc."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pitop.kernel import roll as module
from pitop.kernel.connector import Connector, Exit, Fork, KernelEvent
from pitop.kernel.processes import ProcessReader
from pitop.kernel.roll import Roll


class CountingReader(ProcessReader):
    """A reader that counts how often /proc is listed."""

    listings = 0

    def directories(self) -> dict[str, int]:
        self.listings += 1
        return super().directories()


@pytest.fixture
def reader() -> CountingReader:
    return CountingReader()


@pytest.fixture
def roll(reader: CountingReader, root: None) -> Iterator[Roll]:
    made = Roll(reader)
    for _ in range(5):
        made.call()
    assert made._connector is not None, "this kernel tells no process events"
    yield made
    made.close()


def until(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.005)


def test_births_and_deaths_are_heard_without_a_listing(
    roll: Roll, reader: CountingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHECKED", 1_000_000)
    roll.call()
    listed = reader.listings
    child = subprocess.Popen(["sleep", "1000"])
    name = str(child.pid)
    until(lambda: name in roll.call())
    child.kill()
    until(lambda: Path(f"/proc/{name}/stat").read_text().split()[2] == "Z")
    assert name in roll.call(), "a zombie is still there"
    child.wait()
    assert name not in roll.call()
    assert reader.listings == listed


def test_threads_are_not_on_it(roll: Roll) -> None:
    code = "import threading, sys; e = threading.Event(); t = threading.Thread(target=e.wait); t.start(); " \
           "print(t.native_id, flush=True); sys.stdin.read(); e.set()"  # fmt: skip
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    thread = child.stdout.readline().strip()
    names = roll.call()
    assert str(child.pid) in names
    assert thread not in names
    child.communicate("")


def test_it_is_what_a_listing_is_while_many_come_and_go(roll: Roll) -> None:
    script = "for i in 1 2 3 4 5 6 7 8 9 10; do (exec sleep 0.0$i) & true; done; wait; exec sleep 1000"
    children = [subprocess.Popen(["sh", "-c", script]) for _ in range(8)]
    for _ in range(20):
        mine = {str(child.pid) for child in children}
        assert mine <= roll.call()
    for child in children:
        child.kill()
        child.wait()

    def settled() -> bool:
        # Others come and go, too: what was there before and after the call must be on the roll, nothing else.
        before = set(filter(str.isdigit, os.listdir("/proc")))
        names = set(roll.call())
        after = set(filter(str.isdigit, os.listdir("/proc")))
        return before & after <= names and names <= before | after

    until(settled)


def test_after_a_loss_and_now_and_then_proc_is_listed(roll: Roll, reader: CountingReader) -> None:
    listed = reader.listings
    assert isinstance(roll._connector, Connector)
    roll._connector.lost += 1
    roll.call()
    assert reader.listings == listed + 1
    for _ in range(module._CHECKED):
        roll.call()
    assert reader.listings == listed + 2


class Told:
    """A connector that tells what the test says."""

    def __init__(self) -> None:
        self.lost = 0
        self.events: list[KernelEvent] = []
        self.closed = False

    def read(self) -> list[KernelEvent]:
        found, self.events = self.events, []
        return found

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def told_roll(monkeypatch: pytest.MonkeyPatch, reader: CountingReader) -> tuple[Roll, Told]:
    """A roll that listens, and what it hears."""
    told = Told()
    monkeypatch.setattr(module, "Connector", lambda **_: told)
    roll = Roll(reader)
    for _ in range(module._BEFORE + 1):
        roll.call()
    return roll, told


def test_a_storm_is_not_listened_to(told_roll: tuple[Roll, Told], reader: CountingReader) -> None:
    roll, told = told_roll
    told.events = [Fork(0.0, 10_000_000 + n, 1) for n in range(module._STORM + 1)]
    told.events += [Exit(0.0, 10_000_000 + n, 1, 0) for n in range(module._STORM + 1)]
    assert not any(len(name) > 7 for name in roll.call())
    assert told.closed
    listed = reader.listings
    for _ in range(5):
        roll.call()
    assert reader.listings == listed + 5


def test_where_nothing_is_told_it_is_listed(monkeypatch: pytest.MonkeyPatch, reader: CountingReader) -> None:
    def refuse(**_: bool) -> Connector:
        raise PermissionError(1, "no")

    monkeypatch.setattr(module, "Connector", refuse)
    roll = Roll(reader)
    for _ in range(10):
        assert str(os.getpid()) in roll.call()
    assert reader.listings == 10


def test_a_number_that_is_somebody_elses_is_told(told_roll: tuple[Roll, Told]) -> None:
    roll, told = told_roll
    me = os.getpid()
    told.events = [Exit(0.0, me, 1, 0), Fork(0.1, me, 1)]
    assert str(me) in roll.call()
    assert roll.renewed == {str(me)}
    roll.call()
    assert roll.renewed == set()


def test_who_was_heard_of_and_is_first_seen_after_a_loss_may_be_another(told_roll: tuple[Roll, Told]) -> None:
    roll, told = told_roll
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        told.events = [Fork(0.0, child.pid, 1)]
        assert str(child.pid) in roll.call()
        assert str(child.pid) not in roll.renewed
        told.lost += 1
        assert str(child.pid) in roll.call()
        assert str(child.pid) in roll.renewed
        assert str(os.getpid()) not in roll.renewed
        child.communicate()


def test_where_proc_hides_others_the_kernel_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, reader: CountingReader
) -> None:
    monkeypatch.setattr(module, "Connector", lambda **_: Told())
    monkeypatch.setattr(module, "hidden", lambda root, names: True)
    roll = Roll(reader)
    for _ in range(10):
        roll.call()
    assert roll._connector is None


def test_another_directory_of_the_same_name_is_told(tmp_path: Path) -> None:
    roll = Roll(ProcessReader(str(tmp_path)))
    (tmp_path / "20").mkdir()
    (tmp_path / "21").mkdir()
    assert roll.call() == {"20", "21"}
    assert roll.renewed == set()
    (tmp_path / "20").rename(tmp_path / "before")
    (tmp_path / "20").mkdir()
    assert roll.call() == {"20", "21"}
    assert roll.renewed == {"20"}
