"""An OpenSSH server of one's own on loopback."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["server"]


@contextmanager
def server(folder: Path, sshd: str, ssh: str, keygen: str) -> Iterator[list[str]]:
    """Run a server, given the three tools; the beginning of an ssh command that gets in as root.

    Keys, settings and log are in `folder`. Raises AssertionError where it does not start.
    """
    for name in ("host", "user"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "authorized").write_text((folder / "user.pub").read_text())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    Path("/run/sshd").mkdir(exist_ok=True)  # sshd(8): where it confines the part that speaks before the login
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        f"PidFile {folder}/pid\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPrintMotd no\n"
    )
    log = (folder / "log").open("w")
    daemon = subprocess.Popen([sshd, "-D", "-e", "-f", str(folder / "config")], stderr=log)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert daemon.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.02)
        options = ["-i", str(folder / "user"), "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"]
        yield [ssh, "-tt", "-p", str(port), *options, "-o", "UserKnownHostsFile=/dev/null", "127.0.0.1"]
    finally:
        daemon.terminate()
        daemon.wait()
        log.close()
