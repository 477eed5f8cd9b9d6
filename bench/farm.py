"""A process tree to measure with: many sleepers, a few that wake, a few that fork.

`python -m bench.farm 1000` runs one until its standard input is closed; `farm(1000)` does that for a while.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NoReturn

__all__ = ["Farm", "farm", "main"]

_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 1, 15, 36  # linux/prctl.h
_BRANCHES = 6  # children of a process inside the tree: 5,000 processes are five levels deep
_DEADLINE = 120.0  # seconds that a farm gets to grow

_SERVICES = {
    "nginx": "nginx: worker process",
    "postgres": "postgres: 15/main: pi library 127.0.0.1({number}) idle",
    "redis-server": "/usr/bin/redis-server 127.0.0.1:{number}",
    "sshd": "sshd: pi@pts/{small}",
    "bash": "-bash",
    "python3": "/usr/bin/python3 -m http.server --bind 127.0.0.1 {number}",
    "node": "node /srv/app/server.js --port {number} --max-old-space-size=256",
    "java": "java -Xmx512m -XX:+UseG1GC -Dserver.port={number} -jar /opt/library/library-{small}.jar",
    "mosquitto": "/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf -p {number}",
    "cron": "/usr/sbin/cron -f",
    "rsyslogd": "/usr/sbin/rsyslogd -n -iNONE",
    "dbus-daemon": "/usr/bin/dbus-daemon --session --address=systemd: --nofork --nopidfile",
    "avahi-daemon": "avahi-daemon: running [raspberrypi.local]",
    "wpa_supplicant": "/sbin/wpa_supplicant -u -s -O DIR=/run/wpa_supplicant GROUP=netdev",
    "containerd-shim": "/usr/bin/containerd-shim-runc-v2 -namespace moby -id {long}",
    "rsync": "rsync -a --delete /srv/photos/{small}/ backup:/srv/photos/{small}/",
}
_libc = ctypes.CDLL(None, use_errno=True)


class Farm:
    """A running farm: `root` is the pid that all its processes descend from."""

    def __init__(self, process: subprocess.Popen[bytes], processes: int) -> None:
        self._process = process
        self.root = process.pid
        self.processes = processes


@contextmanager
def farm(sleeping: int, awake: int = 0, forking: int = 0) -> Iterator[Farm]:
    """Have `sleeping` processes that sleep, `awake` that wake ten times a second and use half a percent of a core each,
    and `forking` that start five short-lived children a second. They end with the block, or with this process.
    """
    command = [sys.executable, "-m", "bench.farm", str(sleeping), "--awake", str(awake), "--forking", str(forking)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent, start_new_session=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if not process.stdout.readline():
            raise RuntimeError(f"the process farm did not grow to {sleeping} processes")
        yield Farm(process, sleeping + awake + forking)
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def _end_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends (PR_SET_PDEATHSIG(2const))."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it has ended already
        os._exit(0)


def _child(become: Callable[[], NoReturn]) -> int:
    """Fork a process that dies with this one and becomes something else. Its pid."""
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        _end_with(parent)
        become()
    finally:
        os._exit(127)


def _sleeper(index: int, count: int, folder: Path, silent: int) -> NoReturn:
    """Fork those below `index` in the tree (numbered as a heap), then sleep under a service's name.

    What sleeps is cat(1), reading from the pipe `silent`: unlike sleep(1) it needs no argument that would show.
    """
    for below in range(_BRANCHES * index + 1, min(_BRANCHES * (index + 1) + 1, count + 1)):
        _child(partial(_sleeper, below, count, folder, silent))
    chance = random.Random(index)
    name = list(_SERVICES)[chance.randrange(len(_SERVICES))]
    title = _SERVICES[name].format(
        number=chance.randrange(1024, 65536), small=chance.randrange(1, 10), long=f"{chance.getrandbits(256):064x}"
    )
    os.dup2(silent, 0)
    os.execv(folder / name, [title])


def _burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def _waker(begun: int) -> NoReturn:
    _libc.prctl(_PR_SET_NAME, b"sensor", 0, 0, 0)
    os.close(begun)
    while True:
        _burn(0.0005)
        time.sleep(0.1)


def _forker(begun: int) -> NoReturn:
    _libc.prctl(_PR_SET_NAME, b"spooler", 0, 0, 0)
    os.close(begun)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the jobs
    while True:
        _child(_job)
        time.sleep(0.2)


def _job() -> NoReturn:
    _libc.prctl(_PR_SET_NAME, b"job", 0, 0, 0)
    _burn(0.001)
    time.sleep(0.05)
    os._exit(0)


def _grow(sleeping: int, awake: int, forking: int) -> list[int]:
    """Start them all and return when each does what it is to do. The pids of the topmost ones."""
    folder = Path(tempfile.mkdtemp(prefix="pitop-farm-"))
    # Both ends close on exec and the others close it themselves, so the reading end sees when the last has begun.
    started, begun = os.pipe()
    try:
        cat = shutil.which("cat") or "/bin/cat"
        for name in _SERVICES:
            (folder / name).symlink_to(cat)
        silent, _ = os.pipe()  # nobody writes; the writing end stays open here and closes on exec elsewhere
        first = range(1, min(_BRANCHES, sleeping) + 1)
        roots = [_child(partial(_sleeper, index, sleeping, folder, silent)) for index in first]
        roots += [_child(partial(_waker, begun)) for _ in range(awake)]
        roots += [_child(partial(_forker, begun)) for _ in range(forking)]
        os.close(begun)
        signal.alarm(int(_DEADLINE))  # ends this process, and so all of them, when growing takes too long
        os.read(started, 1)
        signal.alarm(0)
    finally:
        os.close(started)
        shutil.rmtree(folder, ignore_errors=True)
    return roots


def main(arguments: Sequence[str] | None = None) -> int:
    """Grow a farm, say so in one line, and let it live until standard input is closed."""
    parser = argparse.ArgumentParser(prog="python -m bench.farm", description=__doc__)
    parser.add_argument("sleeping", type=int, help="processes that sleep")
    parser.add_argument("--awake", type=int, default=0, help="processes that wake ten times a second")
    parser.add_argument("--forking", type=int, default=0, help="processes that start five short-lived ones a second")
    wanted = parser.parse_args(arguments)

    _end_with(os.getppid())
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # so that orphans inside the tree are reaped here
    roots = _grow(wanted.sleeping, wanted.awake, wanted.forking)
    print(f"{wanted.sleeping + wanted.awake + wanted.forking} processes below {os.getpid()}", flush=True)
    try:
        while os.read(0, 1024):
            pass
    except KeyboardInterrupt:
        pass
    for pid in roots:
        os.kill(pid, signal.SIGKILL)  # not yet waited for, so the pid is still theirs
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return 0


if __name__ == "__main__":
    sys.exit(main())
