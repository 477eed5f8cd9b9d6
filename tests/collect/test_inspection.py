"""One process in full, beside what the system's own tools say of it."""

from __future__ import annotations

import os
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pitop.collect.collector import Unavailable
from pitop.collect.inspection import InspectionCollector
from pitop.kernel.identity import key_of, stat_fields
from pitop.model.inspection import HIDDEN, Inspect, InspectionSnapshot
from pitop.model.time import Ending
from tests.tree import FakeProc

_SUBJECT = """
import os, signal, socket, sys, threading, time
listening = socket.create_server(("127.0.0.1", 0))
connected = socket.create_connection(listening.getsockname())
pair = socket.socketpair()
file = open(sys.argv[1], "r+b", buffering=0)
file.write(b"twelve bytes")
appending = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
gone = open(sys.argv[1] + ".gone", "w")
os.unlink(sys.argv[1] + ".gone")
folder = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
os.eventfd(5)
signal.signal(signal.SIGUSR1, lambda *_: None)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
for _ in range(2):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
block = bytearray(20_000_000)
print(listening.getsockname()[1], flush=True)
sys.stdin.read()
"""


class Subject:
    """A process with a bit of everything, at rest."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "file [x]"
        self.file.write_bytes(b"")
        environment = {**os.environ, "DB_PASSWORD": "hunter2", "PLAIN": "shown"}
        self.process = subprocess.Popen(
            [sys.executable, "-Ic", _SUBJECT, str(self.file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=folder,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.pid = self.process.pid
        self.key = key_of(self.pid)
        deadline = time.monotonic() + 20
        while stat_fields(Path(f"/proc/{self.pid}/stat").read_bytes())[0] != b"S" and time.monotonic() < deadline:
            pass  # until it rests in its last read

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[Subject]:
    made = Subject(tmp_path)
    yield made
    made.end()


@pytest.fixture
def collector() -> Iterator[InspectionCollector]:
    made = InspectionCollector()
    yield made
    made.close()


def seen(collector: InspectionCollector, subject: Subject) -> InspectionSnapshot:
    collector.ask(Inspect(subject.key))
    return collector.collect()


def said(*command: object) -> str:
    return subprocess.run([str(each) for each in command], capture_output=True, text=True, check=True).stdout


def test_figures_are_those_of_ps(collector: InspectionCollector, subject: Subject, peer: Callable[[str], str]) -> None:
    row = seen(collector, subject)
    columns = "ppid,vsz,rss,min_flt,maj_flt,nlwp,ni,pri,user,stat"
    fields = said(peer("ps"), "-o", columns, "--no-headers", "-p", subject.pid).split()
    accounts = row.accounts
    assert [
        row.ppid, accounts.vsz_bytes // 1024, accounts.rss_bytes // 1024, accounts.minor_faults, accounts.major_faults,
        row.thread_count, row.settings.nice,
    ] == [int(each) for each in fields[:7]]  # fmt: skip
    assert row.identity.user == fields[8]
    assert row.state == fields[9][0]
    assert accounts.max_rss_bytes is not None
    assert accounts.max_rss_bytes >= accounts.rss_bytes > 20_000_000
    assert accounts.written_characters is not None
    assert accounts.written_characters >= 12


def test_files_are_those_of_lsof(collector: InspectionCollector, subject: Subject, peer: Callable[[str], str]) -> None:
    files = seen(collector, subject).files
    assert files is not None
    lines = said(peer("lsof"), "-n", "-P", "-p", subject.pid, "-a", "-d", "0-999", "-F", "ftonia").splitlines()
    theirs: dict[int, dict[str, str]] = {}
    for line in lines:
        if line[0] == "f":
            theirs[int(line[1:])] = current = {}
        elif line[0] != "p":
            current[line[0]] = line[1:]
    assert {each.fd for each in files} == set(theirs)
    kinds = {
        "REG": "file", "DIR": "directory", "CHR": "device", "FIFO": "pipe", "IPv4": "socket", "unix": "socket",
    }  # fmt: skip
    for each in files:
        expected = theirs[each.fd]
        if expected["t"] in kinds:
            assert each.kind == kinds[expected["t"]]
        if each.kind == "file":
            assert each.target == expected["n"]
            assert each.offset == int(expected["o"].removeprefix("0t"), 0)
            assert each.inode == int(expected["i"])
            assert each.access == {"u": "rw"}.get(expected["a"], expected["a"])
    by_kind = {each.kind: each for each in files}
    assert by_kind["eventfd"].detail == "eventfd-count 5" or "5" in by_kind["eventfd"].detail
    written = next(each for each in files if each.target == str(subject.file) and each.access == "rw")
    assert written.offset == 12
    assert next(each for each in files if each.access == "w" and each.target == str(subject.file)).flags == (
        "append", "cloexec",
    )  # fmt: skip
    assert [each.deleted for each in files if "gone" in each.target] == [True]


def test_sockets_tell_their_addresses(collector: InspectionCollector, subject: Subject) -> None:
    files = seen(collector, subject).files
    assert files is not None
    details = sorted(each.detail for each in files if each.kind == "socket")
    assert f"TCP 127.0.0.1:{subject.port} LISTEN" in details
    assert any(
        re.fullmatch(rf"TCP 127\.0\.0\.1:\d+ → 127\.0\.0\.1:{subject.port} ESTABLISHED", each) for each in details
    )
    assert details.count("UNIX") == 2


def test_limits_are_those_of_prlimit(
    collector: InspectionCollector, subject: Subject, peer: Callable[[str], str]
) -> None:
    said(peer("prlimit"), "-p", subject.pid, "--nofile=300:400")
    limits = seen(collector, subject).settings.limits
    assert limits is not None
    lines = said(peer("prlimit"), "-p", subject.pid, "-o", "RESOURCE,SOFT,HARD", "--noheadings").splitlines()
    theirs = {name.lower(): tuple(values) for name, *values in (line.split() for line in lines)}
    ours = {
        each.name: tuple("unlimited" if value is None else str(value) for value in (each.soft, each.hard))
        for each in limits
    }
    assert ours["nofile"] == ("300", "400")
    assert ours == theirs


def test_the_rest_is_what_proc_says(collector: InspectionCollector, subject: Subject, tmp_path: Path) -> None:
    row = seen(collector, subject)
    proc = Path(f"/proc/{subject.pid}")
    assert row.command[1:3] == ("-Ic", _SUBJECT)
    assert row.executable is not None
    assert row.executable.path == os.readlink(proc / "exe")
    assert not row.executable.deleted
    assert row.directory == str(tmp_path)
    assert row.root == os.readlink(proc / "root")
    assert row.environment is not None
    shown = {each.name: each.value for each in row.environment}
    assert (shown["DB_PASSWORD"], shown["PLAIN"]) == (HIDDEN, "shown")
    collector.ask(Inspect(subject.key, reveal=True))
    revealed = collector.collect().environment
    assert revealed is not None
    assert {each.name: each.value for each in revealed}["DB_PASSWORD"] == "hunter2"
    assert "USR1" in row.signals.caught
    assert "HUP" in row.signals.ignored
    assert row.signals.blocked == ("USR2",)
    assert row.namespaces is not None
    assert {each.kind: each.inode for each in row.namespaces}["net"] == (proc / "ns/net").stat().st_ino
    assert all(each.ours for each in row.namespaces)
    assert {each.tid for each in row.threads} == {int(name) for name in os.listdir(proc / "task")}
    assert row.family[0].pid == os.getpid()
    assert row.family[-1].pid == 1


def test_rates_come_with_the_second_sample(collector: InspectionCollector, subject: Subject) -> None:
    assert seen(collector, subject).rates.cpu_percent is None
    second = collector.collect()
    assert second.rates.cpu_percent == 0
    assert second.rates.minor_faults_per_second == 0
    assert all(each.cpu_percent == 0 for each in second.threads)


def test_a_deleted_program_is_said(collector: InspectionCollector, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(Path("/bin/sleep").read_bytes())
    program.chmod(0o755)
    child = subprocess.Popen([str(program), "600"])
    try:
        while os.readlink(f"/proc/{child.pid}/exe") != str(program):
            pass
        program.unlink()
        collector.ask(Inspect(key_of(child.pid)))
        first = collector.collect().executable
        program.write_text("another")
        second = collector.collect().executable
    finally:
        child.kill()
        child.wait()
    assert first is not None
    assert second is not None
    assert (first.path, first.deleted, first.replaced) == (str(program), True, False)
    assert (second.path, second.deleted, second.replaced) == (str(program), True, True)


@pytest.mark.parametrize(("how", "expected"), [("exit", Ending(0)), ("kill", Ending(0, 9))], ids=["exits", "is killed"])
def test_the_end_leaves_the_last_values(
    collector: InspectionCollector, subject: Subject, how: str, expected: Ending
) -> None:
    before = seen(collector, subject)
    (descriptor,) = collector.descriptors()
    if how == "exit":
        assert subject.process.stdin is not None
        subject.process.stdin.close()
    else:
        subject.process.kill()
    assert select.select([descriptor], [], [], 20)[0]
    snapshot = collector.collect()
    assert snapshot.ended_time is not None
    assert snapshot.state == "Z"
    assert snapshot.ending == expected
    subject.process.wait()
    after = collector.collect()
    assert after.ending == expected
    assert after.command == before.command
    assert after.accounts.rss_bytes > 0
    assert collector.descriptors() == ()


def test_nobody_has_this_pid(collector: InspectionCollector, subject: Subject) -> None:
    pid, start = subject.key
    collector.ask(Inspect((pid, start - 1)))
    with pytest.raises(Unavailable, match="no process"):
        collector.collect()


def test_what_needs_a_right_says_so(root: None, subject: Subject) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setresuid(65534, 65534, 65534)
        collector = InspectionCollector()
        collector.ask(Inspect(subject.key))
        row = collector.collect()
        said = [f"{each.what}|{each.advice}" for each in row.missing]
        none = [row.files, row.environment, row.executable, row.directory, row.namespaces, row.kernel_stack]
        os.write(writing, ("\n".join([str(none.count(None)), str(row.accounts.rss_bytes > 0), *said])).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with open(reading, "rb") as pipe:
        count, known, *said = pipe.read().decode().splitlines()
    assert (count, known) == ("6", "True")
    assert {line.split("|")[0] for line in said} >= {
        "open files", "environment", "executable", "working directory", "namespaces", "kernel stack",
    }  # fmt: skip
    assert all("root" in line for line in said)


def test_a_fake_process(tmp_path: Path) -> None:
    fake = FakeProc(tmp_path)
    fake.process(1, comm="init", ppid=0)
    folder = fake.process(50, comm="a) [x] b", ppid=1, minflt=7)
    (tmp_path / "uptime").write_text("100.0 50.0\n")
    (folder / "cgroup").write_text("0::/system.slice/x.service\n")
    collector = InspectionCollector(str(tmp_path))
    collector.ask(Inspect((50, 100)))
    row = collector.collect()
    assert row.name == "a) [x] b"
    assert [each.name for each in row.family] == ["init"]
    assert row.belonging is not None
    assert row.belonging.unit == "x.service"
    assert row.accounts.minor_faults == 7
    assert row.accounts.read_bytes is None
    assert row.settings.io is None
    fake.end(50)
    ended = collector.collect()
    assert ended.ended_time is not None
    assert ended.ending is None
    collector.close()


def test_ipv6_and_unix_paths(collector: InspectionCollector, tmp_path: Path) -> None:
    six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    six.bind(("::1", 0))
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(tmp_path / "a socket"))
    unix.listen()
    try:
        collector.ask(Inspect(key_of(os.getpid())))
        files = collector.collect().files
        assert files is not None
        details = {each.fd: each.detail for each in files}
        assert details[six.fileno()] == f"UDP6 [::1]:{six.getsockname()[1]}"
        assert details[unix.fileno()] == f"UNIX {tmp_path / 'a socket'} LISTEN"
    finally:
        six.close()
        unix.close()


def test_kernel_threads_and_zombies_have_less(root: None, collector: InspectionCollector) -> None:
    collector.ask(Inspect(key_of(2)))
    row = collector.collect()
    assert (row.name, row.kernel, row.command, row.executable) == ("kthreadd", True, (), None)
    assert row.accounts.max_rss_bytes is None
    child = subprocess.Popen(["sleep", "60"])
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        collector.ask(Inspect(key_of(child.pid)))
        row = collector.collect()
        assert (row.state, row.ending, row.command) == ("Z", Ending(0, 9), ())
        assert row.ended_time is not None
    finally:
        child.wait()
