"""The process farm: as many as asked for, none left."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.farm import farm


def _descendants(root: int) -> list[int]:
    found = [root]
    for pid in found:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            found.extend(int(child) for child in children.read_text().split())
    return found[1:]


def _within(seconds: float, happened: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_it_has_as_many_processes_as_asked_for_and_ends_them() -> None:
    with farm(60, awake=2) as made:
        there = _descendants(made.root)
        assert len(there) == made.processes == 62
        names = {Path(f"/proc/{pid}/comm").read_text().strip() for pid in there}
        assert "sensor" in names
        assert len(names) > 5
        parents = {int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1]) for pid in there}
        assert len(parents) > 5, "a tree, not a list"
    assert not any(_alive(pid) for pid in there)


def test_forking_ones_start_jobs() -> None:
    with farm(1, forking=1) as made:
        seen: set[int] = set()
        assert _within(10, lambda: seen.update(_descendants(made.root)) or len(seen) > 4)  # type: ignore[func-returns-value]


def test_it_ends_when_its_maker_is_killed() -> None:
    script = "import time; from bench.farm import farm\nwith farm(20) as f: print(f.root, flush=True); time.sleep(60)"
    folder = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=folder, text=True) as maker:
        assert maker.stdout is not None
        root = int(maker.stdout.readline())
        there = [root, *_descendants(root)]
        assert len(there) == 21
        maker.kill()
    assert _within(10, lambda: not any(_alive(pid) for pid in there))
