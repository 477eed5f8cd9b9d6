"""pitop through a real OpenSSH server on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tui.terminal import Terminal

pytestmark = pytest.mark.usefixtures("root")


@pytest.fixture
def login(tmp_path: Path, peer: Callable[[str], str]) -> Iterator[list[str]]:
    """The beginning of an ssh command that gets in."""
    server, client, keygen = peer("sshd"), peer("ssh"), peer("ssh-keygen")
    for name in ("host", "user"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    (tmp_path / "authorized").write_text((tmp_path / "user.pub").read_text())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    Path("/run/sshd").mkdir(exist_ok=True)  # sshd(8): where it confines the part that speaks before the login
    (tmp_path / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host\nAuthorizedKeysFile {tmp_path}/authorized\n"
        f"PidFile {tmp_path}/pid\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPrintMotd no\n"
    )
    log = (tmp_path / "log").open("w")
    daemon = subprocess.Popen([server, "-D", "-e", "-f", str(tmp_path / "config")], stderr=log)
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert daemon.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
    options = ["-i", str(tmp_path / "user"), "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"]
    yield [client, "-tt", "-p", str(port), *options, "-o", "UserKnownHostsFile=/dev/null", "127.0.0.1"]
    daemon.terminate()
    daemon.wait()
    log.close()


def running(mark: str) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                words = Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"pitop" in words and mark.encode() in words:
                found.append(int(entry))
    return found


def test_start_keys_resize_and_a_cut_connection(login: list[str], tmp_path: Path) -> None:
    mark = str(tmp_path / "pitop.toml")
    (tmp_path / "pitop.toml").write_text("")
    root = Path(__file__).parents[3]
    remote = f"cd {root} && LANG=C.UTF-8 exec {sys.executable} -m pitop --config {mark}"
    terminal = Terminal([*login, remote], columns=100, lines=30)
    try:
        terminal.until("COMMAND", 60)
        assert len(running(mark)) >= 1
        terminal.type("t")
        terminal.until("CPU%▼")
        terminal.resize(80, 24)
        terminal.until(lambda text: "COMMAND" in text and text.splitlines()[-1].strip())
        os.kill(terminal.pid, 9)  # the line is cut
        cut = time.monotonic()
        while running(mark):
            assert time.monotonic() < cut + 10
            time.sleep(0.02)
    finally:
        terminal.close()
    assert running(mark) == []
