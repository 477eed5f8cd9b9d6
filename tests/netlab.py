"""Networks to test in: namespaces joined by veth pairs, made and taken down by the test that asks for them."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import heapq
import itertools
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count()


def _setns(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Lab:
    """Namespaces of one test, by short names; their real names are unique to the run."""

    def __init__(self) -> None:
        self._prefix = f"ptnetwork{os.getpid()}n{next(_numbers)}"
        self._names: list[str] = []
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(10)
            if process.stdout is not None:
                process.stdout.close()
        for name in self._names:
            _checked("ip", "netns", "del", self.real(name))
            path = Path("/etc/netns") / self.real(name)
            if path.exists():
                for each in path.iterdir():
                    each.unlink()
                path.rmdir()

    def real(self, name: str) -> str:
        """The namespace's name in /run/netns."""
        return f"{self._prefix}{name}"

    def add(self, *names: str, forward: bool = True) -> None:
        """Make namespaces with lo up, as routers that answer as often as they are asked."""
        for name in names:
            _checked("ip", "netns", "add", self.real(name))
            self._names.append(name)
            self.ip(name, "link", "set", "lo", "up")
            self.sysctl(
                name,
                **{
                    "net.ipv4.ip_forward": int(forward),
                    "net.ipv6.conf.all.forwarding": int(forward),
                    "net.ipv4.conf.all.rp_filter": 0,
                    "net.ipv4.conf.default.rp_filter": 0,
                    "net.ipv4.icmp_ratelimit": 0,
                    "net.ipv4.icmp_msgs_per_sec": 100000,
                    "net.ipv4.icmp_msgs_burst": 100000,
                    "net.ipv6.icmp.ratelimit": 0,
                    "net.ipv6.conf.default.dad_transmits": 0,
                    "net.ipv4.neigh.default.retrans_time_ms": 100,
                    "net.ipv6.neigh.default.retrans_time_ms": 100,
                    "net.ipv4.neigh.default.delay_first_probe_time": 1,
                    "net.ipv4.neigh.default.ucast_solicit": 1,
                    "net.ipv6.conf.default.accept_dad": 0,
                    "net.ipv6.conf.all.accept_dad": 0,
                },
            )

    def link(self, a: str, b: str, number: int, mtu: int = 1500) -> None:
        """Join two namespaces by devices a-b and b-a: `a` is 10.9.NUMBER.1 and fd09:NUMBER::1, `b` the same with 2."""
        one, two = f"{a}-{b}", f"{b}-{a}"
        # With the same index at both ends the kernel takes a second to notice that the link is up.
        indices = (str(100 + next(_numbers)), str(100 + next(_numbers)))
        words = f"link add {one} index {indices[0]} type veth peer name {two} index {indices[1]} netns {self.real(b)}"
        self.ip(a, *words.split())
        for name, device, host in ((a, one, 1), (b, two, 2)):
            self.ip(name, "address", "add", f"10.9.{number}.{host}/24", "dev", device)
            self.ip(name, "address", "add", f"fd09:{number}::{host}/64", "dev", device, "nodad")
            self.ip(name, "link", "set", device, "mtu", str(mtu), "up")

    def ip(self, name: str, *words: str) -> str:
        """Run ip(8) in a namespace."""
        return _checked("ip", "-n", self.real(name), *words)

    def json(self, name: str, *words: str) -> Any:
        """What `ip -j` says in a namespace."""
        text = _checked("ip", "-n", self.real(name), "-j", *words)
        return json.loads(text) if text.strip() else []

    def sysctl(self, name: str, **settings: int | str) -> None:
        """Set kernel settings in a namespace."""
        with self.inside(name):
            for key, value in settings.items():
                head, _, tail = key.replace(".", "/").rpartition("/")
                with contextlib.suppress(FileNotFoundError):
                    Path("/proc/sys", head, tail).write_text(str(value))

    def run(self, name: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in a namespace, its own resolv.conf in place."""
        command = ["ip", "netns", "exec", self.real(name), *words]
        return subprocess.run(command, capture_output=True, text=True, check=check, timeout=50)

    def python(self, name: str, *words: str, user: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run `pitop WORDS…` in a namespace, as another user where told."""
        prefix = [] if user is None else ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        return self.run(name, *prefix, sys.executable, "-m", "pitop", *words, check=False)

    def start(self, name: str, *words: str, ready: str = "") -> subprocess.Popen[bytes]:
        """Start a process in a namespace; it is ended with the lab. Waits for a line that holds `ready`."""
        command = ["ip", "netns", "exec", self.real(name), *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._processes.append(process)
        if ready:
            assert process.stdout is not None
            for line in process.stdout:
                if ready in line.decode():
                    break
        return process

    def resolv_conf(self, name: str, text: str) -> None:
        """What `run` finds as /etc/resolv.conf in a namespace."""
        path = Path("/etc/netns") / self.real(name)
        path.mkdir(parents=True, exist_ok=True)
        (path / "resolv.conf").write_text(text)

    @contextlib.contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Put this thread into a namespace for a while."""
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.real(name)}", os.O_RDONLY)
        try:
            _setns(there)
            yield
        finally:
            _setns(here)
            os.close(here)
            os.close(there)


def _checked(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


def until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether `true` came true within `seconds`."""
    limit = time.monotonic() + seconds
    while not true():
        if time.monotonic() > limit:
            return False
        time.sleep(0.01)
    return True


class TunPeer:
    """A machine behind a TUN device of a namespace, played by `answer`: packet in, (seconds of delay, packet)s out."""

    def __init__(
        self, lab: Lab, name: str, device: str, answer: Callable[[bytes], list[tuple[float, bytes]]], mtu: int = 1500
    ) -> None:
        with lab.inside(name):
            self._descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            fcntl.ioctl(self._descriptor, 0x400454CA, struct.pack("16sH14x", device.encode(), 0x1001))
        lab.ip(name, "link", "set", device, "mtu", str(mtu), "up")
        self._answer = answer
        self._end = os.eventfd(0)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        waiting: list[tuple[float, int, bytes]] = []
        numbers = itertools.count()
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        poll.register(self._end, select.POLLIN)
        while True:
            wait = None if not waiting else max(0.0, (waiting[0][0] - time.monotonic()) * 1000)
            for descriptor, _ in poll.poll(wait):
                if descriptor == self._end:
                    return
                for delay, packet in self._answer(os.read(self._descriptor, 65535)):
                    heapq.heappush(waiting, (time.monotonic() + delay, next(numbers), packet))
            while waiting and waiting[0][0] <= time.monotonic():
                os.write(self._descriptor, heapq.heappop(waiting)[2])

    def close(self) -> None:
        """Unplug it."""
        os.eventfd_write(self._end, 1)
        self._thread.join(5)
        os.close(self._descriptor)
        os.close(self._end)
