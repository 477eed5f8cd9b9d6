"""Whose short connections and questions are: `python -m bench.traffic [--processes N] [--together N]`.

Two namespaces on a wire. In one a name server (dnsmasq) answers on the loopback from its own knowledge, in the other a
server answers over TCP. Processes that live for a few connections each look up a name of their own, connect, exchange a
few bytes, close. They tell afterwards which ports they had; the name says who asked for it. Beside the topic `traffic`
the ways of bandwhich and nethogs are tried in the same run: /proc/net/tcp and every /proc/PID/fd, each so often.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

__all__ = ["Fleet", "Judged", "ShortLived", "Truth", "Watcher", "flows_of", "judge", "main"]

_ZONE = "lab.example"
_PORT = 8080
_ANSWER_AFTER = 0.005  # seconds that the server takes
_SERVER = """
import asyncio, sys
async def serve(reader, writer):
    await reader.read(100)
    await asyncio.sleep(float(sys.argv[2]))
    writer.write(b"here you are")
    writer.close()
async def main():
    server = await asyncio.start_server(serve, "10.98.0.2", int(sys.argv[1]), backlog=1024)
    print("ready", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
# Each process is a fork of this one: nothing is imported after that, so that it lives for its connections only.
_FLEET = """
import json, os, socket, sys, time
processes, connections, together, port = map(int, sys.argv[1:])
def live():
    told = []
    for number in range(connections):
        host = f"p{os.getpid()}c{number}.lab.example"
        began = time.monotonic()
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)[0]
        asked = time.monotonic()
        with socket.socket(family, kind, protocol) as own:
            own.connect(address)
            mine = own.getsockname()[1]
            own.sendall(b"please")
            while own.recv(100):
                pass
        told.append((mine, asked - began, time.monotonic() - asked))
    return told
def child():
    out = os.open("told", os.O_WRONLY | os.O_APPEND)
    os.write(out, (json.dumps([os.getpid(), live()]) + "\\n").encode())
    os._exit(0)
open("told", "w").close()
socket.getaddrinfo("warm.lab.example", port, socket.AF_INET, socket.SOCK_STREAM)
print("ready", flush=True)
sys.stdin.readline()
alive = 0
for _ in range(processes):
    if alive >= together:
        os.wait()
        alive -= 1
    if not os.fork():
        child()
    alive += 1
while alive:
    os.wait()
    alive -= 1
print("done", flush=True)
"""


class Truth(NamedTuple):
    """What the processes say themselves: whose each port and each name was, and what it took in seconds.

    A port that two processes had one after the other is left out.
    """

    pids: dict[int, int]
    names: dict[str, int]
    lookups: list[float]
    connections: list[float]


class Judged(NamedTuple):
    """How many there were, how many carry the right process, how many a wrong one."""

    all: int
    right: int
    wrong: int

    @property
    def percent(self) -> float:
        """The share of right ones."""
        return 100.0 * self.right / self.all if self.all else 0.0


def judge(truth: Mapping[Any, int], said: Mapping[Any, int | None]) -> Judged:
    """Compare who it was with who it is said to be; what is not said is unknown."""
    right = sum(said.get(key) == pid for key, pid in truth.items())
    wrong = sum(said.get(key) not in (None, pid) for key, pid in truth.items())
    return Judged(len(truth), right, wrong)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


class ShortLived:
    """The two namespaces with their servers; a context manager. Needs root and dnsmasq."""

    def __init__(self) -> None:
        self.near, self.far = f"pttraffic{os.getpid()}a", f"pttraffic{os.getpid()}b"
        self.folder = Path(tempfile.mkdtemp(prefix="pttraffic"))
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything, and leave nothing behind."""
        self._stack.close()
        for name in (self.near, self.far):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
        shutil.rmtree(f"/etc/netns/{self.near}", ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _build(self) -> None:
        for name in (self.near, self.far):
            _run("ip", "netns", "add", name)
            _run("ip", "-n", name, "link", "set", "lo", "up")
        _run("ip", "-n", self.near, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", self.far)
        for name, address in ((self.near, "10.98.0.1/24"), (self.far, "10.98.0.2/24")):
            _run("ip", "-n", name, "address", "add", address, "dev", "wire")
            _run("ip", "-n", name, "link", "set", "wire", "up")
        settings = Path("/etc/netns", self.near)
        settings.mkdir(parents=True)
        (settings / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:3\n")
        (settings / "nsswitch.conf").write_text("hosts: dns\n")
        server = self.started(
            self.far, sys.executable, "-ISc", _SERVER, str(_PORT), str(_ANSWER_AFTER), stdout=subprocess.PIPE
        )
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        self.started(
            self.near, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
            "--pid-file=", "--user=root", "--listen-address=127.0.0.1", "--bind-interfaces",
            f"--address=/{_ZONE}/10.98.0.2", stderr=subprocess.DEVNULL,
        )  # fmt: skip
        limit = time.monotonic() + 10
        while not self._answers():
            if time.monotonic() > limit:
                raise RuntimeError("dnsmasq does not answer")

    def _answers(self) -> bool:
        code = f"import socket; socket.getaddrinfo('warm.{_ZONE}', 1)"
        words = ["ip", "netns", "exec", self.near, sys.executable, "-ISc", code]
        return subprocess.run(words, check=False, capture_output=True).returncode == 0

    def started(
        self,
        namespace: str,
        *words: str,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a command in a namespace; it is ended with the rest."""
        command = ["ip", "netns", "exec", namespace, *words]
        process = subprocess.Popen(command, cwd=self.folder, stdin=stdin, stdout=stdout, stderr=stderr)
        self._stack.callback(_end, process)
        return process

    def fleet(self, processes: int, connections: int, together: int) -> Fleet:
        """The short-lived processes, ready to go."""
        process = self.started(
            self.near, sys.executable, "-ISc", _FLEET, str(processes), str(connections), str(together), str(_PORT),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        return Fleet(process, self.folder)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


class Fleet:
    """Processes that begin when they are let go."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self._folder = folder
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"

    def go(self) -> None:
        """Let them go."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()

    def ended(self) -> Truth:
        """Wait until all have ended; gives what they say."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"done\n"
        pids: dict[int, int] = {}
        names: dict[str, int] = {}
        twice: set[int] = set()
        lookups: list[float] = []
        connections: list[float] = []
        for line in (self._folder / "told").read_text().splitlines():
            pid, told = json.loads(line)
            for number, (port, asking, connected) in enumerate(told):
                if pids.setdefault(port, pid) != pid:
                    twice.add(port)
                names[f"p{pid}c{number}.{_ZONE}."] = pid
                lookups.append(asking)
                connections.append(connected)
        for port in twice:
            del pids[port]
        return Truth(pids, names, lookups, connections)


# --- the three ways


def _watch(traced: bool) -> None:
    """The topic `traffic`, in the namespace of this process: ends when told, and says what it knows then."""
    from pitop.collect.traffic import TrafficCollector
    from pitop.model.sockets import Owner
    from pitop.model.traffic import TrafficSnapshot

    collector = TrafficCollector(traced=traced)
    snapshot: TrafficSnapshot | None = None
    said = False
    quiet = 0.0
    captured = 0
    cost = 0.0
    ending = False
    flows: dict[int, int | None] = {}
    queries: dict[str, int | None] = {}

    def pid(owner: Owner | None) -> int | None:
        return None if owner is None else owner.pid

    while not ending or time.monotonic() - quiet < 1.0:
        snapshot = collector.collect()
        if snapshot.running and not said:
            said = True
            print("ready", flush=True)
        if snapshot.status.captured != captured:
            captured, quiet = snapshot.status.captured, time.monotonic()
        for talk in snapshot.talks:
            if talk.transport == "tcp" and talk.b[1] == _PORT:
                flows[talk.a[1]] = pid(talk.a_owner)
        for query in snapshot.queries:
            queries[query.name] = query.pid
        if not ending and _told():
            ending, quiet = True, time.monotonic()
            cost = _cpu()
        time.sleep(0.1)
    collector.close()
    assert snapshot is not None
    unknown = {"attributed": snapshot.attributed, "unknown": snapshot.unknown, "sought": snapshot.sought}
    lost = snapshot.status.dropped
    found = {"flows": flows, "queries": queries, "counts": unknown, "dropped": lost, "cpu": cost}
    print(json.dumps({**found, "traced": traced and _has_trace_points()}), flush=True)


def _has_trace_points() -> bool:
    from pitop.kernel.packets.senders import Senders

    try:
        Senders().close()
    except OSError:
        return False
    return True


def _told() -> bool:
    """Whether it is to come to its end."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


def _cpu() -> float:
    """CPU seconds of this process's session, the helper and what it forked included."""
    ticks = 0
    mine = {os.getpid()}
    for _ in range(3):
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                if (
                    name.isdigit()
                    and int(Path("/proc", name, "stat").read_text().rpartition(")")[2].split()[1]) in mine
                ):
                    mine.add(int(name))
    for each in mine:
        with contextlib.suppress(OSError):
            words = Path("/proc", str(each), "stat").read_text().rpartition(")")[2].split()
            ticks += int(words[11]) + int(words[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _poll(every: float) -> None:
    """bandwhich's and nethogs' way: the tables of sockets, then the links of every process, each so often."""
    flows: dict[int, int] = {}
    questions: dict[int, int] = {}
    ports: dict[str, tuple[bool, int]] = {}
    print("ready", flush=True)
    due = time.monotonic()
    while not _told():
        for table in ("tcp", "udp"):
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                words = line.split()
                remote = int(words[2].rpartition(":")[2], 16)
                if remote in (_PORT, 53):
                    ports[words[9]] = (table == "tcp", int(words[1].rpartition(":")[2], 16))
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            with contextlib.suppress(OSError):
                for link in os.scandir(f"/proc/{name}/fd"):
                    with contextlib.suppress(OSError):
                        target = os.readlink(link.path)
                        if target.startswith("socket:[") and target[8:-1] in ports:
                            over_tcp, port = ports[target[8:-1]]
                            (flows if over_tcp else questions)[port] = int(name)
        due += every
        time.sleep(max(0.0, due - time.monotonic()))
    print(json.dumps({"flows": flows, "questions": len(questions), "cpu": _cpu()}), flush=True)


class Watcher:
    """One of the ways, in the namespace of the processes; started before them, asked after them."""

    def __init__(self, lab: ShortLived, *words: str) -> None:
        here = str(Path(__file__).parents[1])
        code = f"import sys; sys.path.insert(0, {here!r}); import bench.traffic as it; it.act(sys.argv[1:])"
        self._process = lab.started(
            lab.near, sys.executable, "-c", code, *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def said(self) -> dict[str, Any]:
        """What it knows, once told that all have ended."""
        found = json.loads(self._process.communicate(b"end\n", timeout=60)[0])
        assert isinstance(found, dict)
        return found


def act(words: Sequence[str]) -> None:
    """What a watcher's process does."""
    if words[0] == "poll":
        _poll(float(words[1]))
    else:
        _watch(words[0] == "watch")


def flows_of(said: dict[str, Any]) -> dict[int, int | None]:
    """Port → pid, as a watcher says."""
    return {int(port): pid for port, pid in said["flows"].items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print the shares."""
    parser = argparse.ArgumentParser(prog="python -m bench.traffic", description=__doc__)
    parser.add_argument("--processes", type=int, default=200)
    parser.add_argument("--connections", type=int, default=5, help="of each process")
    parser.add_argument("--together", type=int, default=8, help="processes at one time")
    parser.add_argument("--rounds", type=int, default=3)
    said = parser.parse_args(arguments)
    ways = {
        "pitop": ["watch"],
        "pitop, no trace points": ["watch untraced"],
        "as bandwhich: all each 1 s": ["poll", "1"],
        "as nethogs: all each 0.1 s": ["poll", "0.1"],
    }
    shares: dict[str, list[tuple[Judged, Judged | None, float]]] = {name: [] for name in ways}
    spans: list[Truth] = []
    with ShortLived() as lab:
        for _ in range(said.rounds):
            for name, words in ways.items():
                watcher = Watcher(lab, *words)
                fleet = lab.fleet(said.processes, said.connections, said.together)
                fleet.go()
                truth = fleet.ended()
                found = watcher.said()
                spans.append(truth)
                flows = judge(truth.pids, flows_of(found))
                queries = None
                if "queries" in found:
                    queries = judge(truth.names, found["queries"])
                shares[name].append((flows, queries, found["cpu"]))
    lookups = [each for truth in spans for each in truth.lookups]
    connections = [each for truth in spans for each in truth.connections]
    print(
        f"{said.processes} processes, {said.together} at a time, {said.connections} connections each; a look-up took "
        f"{_ms(lookups)}, a connection {_ms(connections)} (median, 95 %)\n"
    )
    print(f"{'':<28} {'flows right':>12} {'wrong':>6} {'queries right':>14} {'wrong':>6} {'CPU s':>6}")
    for name, runs in shares.items():
        for flows, queries, cpu in runs:
            asked = "" if queries is None else f"{queries.percent:>13.1f} % {queries.wrong:>5}"
            print(f"{name:<28} {flows.percent:>10.1f} % {flows.wrong:>6} {asked:>21} {cpu:>6.2f}")
    return 0


def _ms(values: list[float]) -> str:
    ordered = sorted(values)
    return f"{statistics.median(ordered) * 1000:.1f} / {ordered[int(len(ordered) * 0.95)] * 1000:.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
