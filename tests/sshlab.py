"""A real OpenSSH server on loopback, with keys of its own, and the words of a client that gets in."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["TOOLS", "SshLab", "ssh_lab"]

TOOLS = ("sshd", "ssh", "ssh-keygen")


class SshLab:
    """The server, up: `port` of 127.0.0.1, and `login`, the beginning of an ssh command."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        options = ["-i", str(folder / "user"), "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"]
        self.login = [
            "/usr/bin/ssh",
            "-tt",
            "-p",
            str(port),
            *options,
            "-o",
            "UserKnownHostsFile=/dev/null",
            "127.0.0.1",
        ]


@contextmanager
def ssh_lab(folder: Path) -> Iterator[SshLab]:
    """Start it with its files in `folder`; it ends with the block. Needs root. Raises AssertionError with its log."""
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "authorized").write_text((folder / "user.pub").read_text())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    Path("/run/sshd").mkdir(exist_ok=True)  # sshd(8): where it confines the part that speaks before the login
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        f"PidFile {folder}/pid\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPrintMotd no\n"
    )
    server = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin") or "sshd"  # it wants its whole path
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen([server, "-D", "-e", "-f", str(folder / "config")], stderr=log)
        try:
            _wait(daemon, port, folder / "log")
            yield SshLab(folder, port)
        finally:
            daemon.terminate()
            daemon.wait()


def _wait(daemon: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert daemon.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
