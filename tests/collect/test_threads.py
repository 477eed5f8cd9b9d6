"""Threads as rows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pitop.collect.processes import ProcessesCollector
from pitop.collect.threads import ThreadsCollector
from pitop.model.threads import Threads

_TEXT = """
import threading, time
def burn():
    while True:
        pass
threading.Thread(target=burn, daemon=True).start()
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print(flush=True)
time.sleep(60)
"""


def test_threads_of_a_process_are_those_of_proc() -> None:
    child = subprocess.Popen([sys.executable, "-Ic", _TEXT], stdout=subprocess.PIPE)
    collector = ThreadsCollector()
    try:
        assert child.stdout is not None
        child.stdout.readline()
        owner = next(row for row in ProcessesCollector().collect().rows if row.pid == child.pid)
        assert owner.threads == 3
        assert collector.collect().rows == ()
        collector.ask(Threads((owner,)))
        rows = collector.collect().rows
        expected = {int(name) for name in os.listdir(f"/proc/{child.pid}/task")} - {child.pid}
        assert {row.pid for row in rows} == expected
        assert {row.ppid for row in rows} == {child.pid}
        assert {row.command for row in rows} == {Path(f"/proc/{child.pid}/comm").read_text().strip()}
        assert all(row.cpu_percent is None for row in rows)
        while not any(row.cpu_percent for row in collector.collect().rows):
            pass  # until the burning one has got a tick
    finally:
        child.kill()
        child.communicate()
    assert collector.collect().rows == ()
    collector.close()
