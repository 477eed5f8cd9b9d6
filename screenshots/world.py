"""A small machine inside this one, for pitop to look at: its own processes, users, names and network.

Everything runs in namespaces (namespaces(7)) that end with the first process in them, so nothing of the real machine
shows and nothing stays behind. What is seen is real: the processes run, use CPU and memory, and fault pages.
"""

from __future__ import annotations

import ctypes
import math
import mmap
import os
import pwd
import signal
import socket
import subprocess
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from screenshots.network import ROUTER

__all__ = ["INNER", "OUTER", "Service", "boot", "furnish", "start"]

# The network and the names first; the processes in one more, so that the network's own are not seen.
OUTER = ("unshare", "--mount", "--uts", "--ipc", "--net", "--fork", "--kill-child")
INNER = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")

_HOST = "raspberrypi"
_USERS = {
    "root": 0,
    "daemon": 1,
    "www-data": 33,
    "postgres": 105,
    "mosquitto": 106,
    "avahi": 107,
    "pi": 1000,
    "ada": 1001,
}
_PR_SET_NAME, _PR_SET_PDEATHSIG = 15, 1  # linux/prctl.h
_TURN = 0.1  # seconds between two bits of work
_PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None, use_errno=True)
_libc.prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)


@dataclass(frozen=True, slots=True)
class Service:
    """A process: the command line that it shows, whose it is, and what it does.

    `cpu` is the share of a core that it uses, `megabytes` what it holds, `faults` the pages that it faults in a second,
    on the average. `work` is begun in it, and goes on in threads. A `waiting` one is in uninterruptible sleep; a `dead`
    one has ended, and its parent has not asked for its status.
    """

    command: str
    user: str = "root"
    cpu: float = 0.0
    megabytes: int = 0
    faults: int = 0
    nice: int = 0
    threads: int = 1
    waiting: bool = False
    dead: bool = False
    work: tuple[Callable[[], object], ...] = ()
    children: tuple[Service, ...] = ()

    @property
    def name(self) -> str:
        """The name as the kernel has it: the program's, without folder and arguments."""
        return self.command.split()[0].rstrip(":").lstrip("-").rsplit("/", 1)[-1]


def furnish() -> None:
    """Give these namespaces a name, users and a name server of their own."""
    socket.sethostname(_HOST)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    lines = [f"{name}:x:{uid}:{uid}:,,,:/home/{name}:/bin/bash" for name, uid in _USERS.items()]
    _cover("/etc/passwd", lines)
    _cover("/etc/hosts", ["127.0.0.1 localhost", f"127.0.1.1 {_HOST}"])
    _cover("/etc/resolv.conf", [f"nameserver {ROUTER}", "search home.arpa"])


def _cover(path: str, lines: Sequence[str]) -> None:
    """Put a file in the place of `path`, in this namespace only. It lies in /run, which ends with the namespace."""
    file = Path("/run", Path(path).name)
    file.write_text("\n".join(lines) + "\n")
    file.chmod(0o644)
    subprocess.run(["mount", "--bind", file, os.path.realpath(path)], check=True)


def boot(services: Sequence[Service]) -> None:
    """Be the first process of the small machine, and start its services."""
    _rename(Service("/sbin/init splash"))
    for service in services:
        start(service)


def start(service: Service) -> int:
    """Start a service, which starts its children; they end with this process. Its pid."""
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == parent:
            _live(service)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _live(service: Service) -> NoReturn:
    _rename(service)
    if service.dead:
        os._exit(0)
    for child in service.children:
        start(child)
    os.nice(service.nice)
    if service.user != "root":
        account = pwd.getpwnam(service.user)
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
    if service.waiting:
        _wait_uninterruptibly()
    for _ in range(service.threads - 1):
        threading.Thread(target=signal.pause, daemon=True).start()
    held = mmap.mmap(-1, max(1, service.megabytes << 20), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for offset in range(0, service.megabytes << 20, _PAGE):
        held[offset] = 1
    for work in service.work:
        work()
    if not service.cpu and not service.faults:
        while True:
            signal.pause()
    while True:
        # Busier and calmer by turns, each process at its own pace.
        effort = 1 + 0.8 * math.sin(time.monotonic() / 2 + os.getpid())
        _fault(int(service.faults * effort * _TURN))
        began = time.process_time()
        while time.process_time() - began < service.cpu * effort * _TURN:
            pass
        time.sleep(_TURN * max(0.05, 1 - service.cpu))


def _rename(service: Service) -> None:
    """Show another name and command line (PR_SET_NAME(2const); the memory that /proc/PID/cmdline reads)."""
    name = ctypes.create_string_buffer(service.name.encode())
    _libc.prctl(_PR_SET_NAME, ctypes.addressof(name), 0, 0, 0)
    fields = Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
    begin, end = int(fields[45]), int(fields[48])  # arg_start and env_end: the environment lies behind the arguments
    ctypes.memmove(begin, service.command.encode().ljust(end - begin, b"\0"), end - begin)


def _wait_uninterruptibly() -> None:
    """Wait as for a disk that does not answer: a parent sleeps so until its child, made by vfork(2), has begun.

    This child never does, for it waits for somebody to write into a pipe.
    """
    folder = tempfile.mkdtemp()
    pipe = os.path.join(folder, "pipe")
    os.mkfifo(pipe)
    os.posix_spawn("/bin/true", ["true"], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 0, pipe, os.O_RDONLY, 0)])


def _fault(pages: int) -> None:
    """Touch that many new pages."""
    if pages:
        with mmap.mmap(-1, pages * _PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
            for offset in range(0, pages * _PAGE, _PAGE):
                memory[offset] = 1
