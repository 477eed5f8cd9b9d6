"""What one look at many TCP sockets costs, beside ss, netstat and psutil: CPU milliseconds, best of several.

    sudo python -m bench.sockets [SOCKETS]

Opens the sockets (20,000 if not told otherwise) in ten processes inside a network namespace of its own, which ends
with it. Then the same with the socket pane on the screen: its CPU share, and how long a key takes to show.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from bench.measure import Plan, measure
from bench.programs import Contestant
from pitop.collect.sockets import SocketsCollector

_PROCESSES = 10
_NEWNET = 0x40000000


def _private_network() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEWNET):
        raise SystemExit("needs root, for a network namespace of its own")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def _holder(number: int, pairs: int, ready: int, go: int) -> None:
    """Hold `pairs` connections to oneself; at every byte from `go` send something through a twentieth of them."""
    listener = socket.create_server((f"127.0.0.{number + 2}", 0), backlog=4096)
    senders = []
    receivers = []
    for _ in range(pairs):
        sender = socket.create_connection(listener.getsockname())
        receiver, _ = listener.accept()
        senders.append(sender)
        receivers.append(receiver)
    os.write(ready, b"x")
    turn = 0
    while os.read(go, 1):
        for at in range(turn % 20, pairs, 20):
            senders[at].send(b"x" * 1000)
        for at in range(turn % 20, pairs, 20):
            receivers[at].recv(65536)
        turn += 1
        os.write(ready, b"x")


class _Crowd:
    """The processes that hold the sockets."""

    def __init__(self, sockets: int) -> None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self._pids = []
        self._gates = []
        self._ready, told = os.pipe()
        for number in range(_PROCESSES):
            wait, gate = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(gate)
                try:
                    _holder(number, sockets // 2 // _PROCESSES, told, wait)
                finally:
                    os._exit(0)
            os.close(wait)
            self._pids.append(pid)
            self._gates.append(gate)
        for _ in range(_PROCESSES):
            os.read(self._ready, 1)

    def move(self) -> None:
        """Have a twentieth of the connections carry something."""
        for gate in self._gates:
            os.write(gate, b"x")
        for _ in range(_PROCESSES):
            os.read(self._ready, 1)

    def end(self) -> None:
        for pid in self._pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _own(work: Callable[[], object], times: int, before: Callable[[], None] = lambda: None) -> float:
    """CPU milliseconds of a call, best of `times`."""
    best = float("inf")
    for _ in range(times):
        before()
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best * 1000


def _child(command: list[str], times: int) -> float:
    """CPU milliseconds of a command, best of `times`."""
    best = float("inf")
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best * 1000


def _pane() -> None:
    command = (str(Path(sys.executable).parent / "pitop"), "--pane", "sockets", "--interval", "1")
    measured = measure(Contestant("pitop", command, r"ESTABLISHED 127\."), Plan(seconds=10, keys=12))
    if measured.cpu_percent is not None:
        print(f"the pane, once a second: {measured.cpu_percent:.1f} % CPU, {measured.bytes_per_second:.0f} bytes/s")
    for name, times in (("at rest", measured.quiet_ms), ("at any moment", measured.any_ms)):
        if times:
            middle, worst = statistics.median(times), max(times)
            print(f"key to paint {name}: median {middle:.0f} ms, worst {worst:.0f} ms of {len(times)}")


def main() -> None:
    """Measure, and print one line for each."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    _private_network()
    crowd = _Crowd(count)
    try:
        collector = SocketsCollector()
        first = _own(collector.collect, 1)
        collector.collect()
        found = len(collector.collect().rows)
        quiet = _own(collector.collect, 9)
        moving = _own(collector.collect, 9, crowd.move)
        collector.close()
        print(f"{found} sockets, CPU ms a refresh, best of several")
        print(f"{'pitop, first':28}{first:8.0f}")
        print(f"{'pitop, nothing moved':28}{quiet:8.0f}")
        print(f"{'pitop, 5 % moved':28}{moving:8.0f}")
        for command in (["ss", "-tan"], ["ss", "-tanpi"], ["ss", "-tanpie"], ["netstat", "-tanp"]):
            if shutil.which(command[0]):
                print(f"{' '.join(command):28}{_child(command, 3):8.0f}")
        print(f"{'psutil.net_connections':28}{_own(lambda: psutil.net_connections('tcp'), 3):8.0f}")
        _pane()
    finally:
        crowd.end()


if __name__ == "__main__":
    main()
