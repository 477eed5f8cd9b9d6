"""What monitors send over SSH: `python -m bench.ssh [--seconds S] [--processes N]` (as root, with OpenSSH's server).

Each program runs at 120×40, once a second, behind a server of OpenSSH on loopback. What goes over the connection is
what TCP acknowledged to the server (ss -ti, bytes_acked), cipher and framing included; beside it what the program
wrote, as it came out of the client. Then the line is cut, and what pitop had started is waited for.
"""

from __future__ import annotations

import argparse
import os
import re
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.farm import farm
from tests.tui.terminal import Terminal
from tests.tui.terminal.sshd import server

__all__ = ["main"]

_PROGRAMS = {
    "pitop": (f"{sys.executable} -m pitop --interval 1", "COMMAND"),
    "htop": ("htop -d 10", "Command"),
    "btop": ("btop", "proc"),
    "top": ("top -d 1", "COMMAND"),
}
_WARM = 3.0


def _sent(port: str) -> int:
    """Bytes that the clients of `port` acknowledged so far."""
    said = subprocess.run(["ss", "-tinH", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    return sum(int(found) for found in re.findall(r"bytes_acked:(\d+)", said))


def _listen(terminal: Terminal, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        terminal.pump(left)


def _family(mark: str) -> list[int]:
    """The process whose command line has `mark`, and all that it started."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if mark.encode() in words and b"-m" in words:
            found.append(int(entry.name))
    for pid in found:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            found.extend(each for each in map(int, children.read_text().split()) if each not in found)
    return found


def _cut(login: list[str], folder: Path) -> tuple[int, float]:
    """Cut the line of a pitop that captures packets: how many processes, and seconds until all of them had ended."""
    (folder / "pitop.toml").write_text("")
    mark = str(folder / "pitop.toml")
    remote = f"LANG=C.UTF-8 exec {sys.executable} -m pitop --config {mark} --pane packets"
    terminal = Terminal([*login, remote], 120, 40)
    try:
        terminal.until(" packets  dropped", 30)
        for digit in "38945":
            terminal.type(digit)
            _listen(terminal, 0.5)
        family = [os.pidfd_open(pid) for pid in _family(mark)]
        os.kill(terminal.pid, signal.SIGKILL)
        cut = time.monotonic()
        for process in family:
            select.select([process], [], [], 20)
            os.close(process)
        return len(family), time.monotonic() - cut
    finally:
        terminal.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table, a program a row, and how long the ends took."""
    parser = argparse.ArgumentParser(prog="python -m bench.ssh", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--processes", type=int, default=200, help="to show, besides the machine's own")
    parser.add_argument("--cuts", type=int, default=5)
    said = parser.parse_args(arguments)
    tools = [shutil.which(name, path="/usr/sbin:/usr/bin") for name in ("sshd", "ssh", "ssh-keygen")]
    if None in tools or os.geteuid() != 0:
        print("bench.ssh: needs root and OpenSSH's server and client", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory() as folder,
        farm(said.processes, 20, 4),
        server(Path(folder), *filter(None, tools)) as login,
    ):
        port = login[login.index("-p") + 1]
        print("| over SSH, 120×40, 1 s | bytes/s on the wire | bytes/s written | beside pitop |")
        print("|---|---|---|---|")
        ours = 0.0
        for name, (command, content) in _PROGRAMS.items():
            if name != "pitop" and shutil.which(name) is None:
                continue
            home = f"HOME={folder} LANG=C.UTF-8 COLORTERM=truecolor"
            terminal = Terminal([*login, f"cd {os.getcwd()} && {home} exec {command}"], 120, 40)
            try:
                terminal.until(content, 30)
                _listen(terminal, _WARM)
                sent, written, since = _sent(port), len(terminal.output), time.monotonic()
                _listen(terminal, said.seconds)
                took = time.monotonic() - since
                wire, wrote = (_sent(port) - sent) / took, (len(terminal.output) - written) / took
                ours = ours or wire
                print(f"| {name} | {wire:.0f} | {wrote:.0f} | {wire / ours:.2f} |", flush=True)
                terminal.type("q")
                terminal.ended()
            finally:
                terminal.close()
        ends = [_cut(login, Path(folder)) for _ in range(said.cuts)]
        times = [seconds for _, seconds in ends]
        print(
            f"\nThe line is cut while packets are captured: all {ends[0][0]} processes gone after "
            f"{statistics.median(times):.2f} s, {max(times):.2f} s at the worst of {len(times)}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
