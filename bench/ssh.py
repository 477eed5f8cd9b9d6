"""What monitors send over SSH: `python -m bench.ssh [--seconds S] [--processes N]` (as root, with OpenSSH's server).

Each program, and each of pitop's panes, runs at 120×40, once a second, behind a server of OpenSSH on loopback, while
programs talk. What goes over the connection is what TCP acknowledged to the server (ss -ti, bytes_acked), cipher and
framing included; beside it what the program wrote, as it came out of the client. Then the line is cut while packets
are captured, and what pitop had started is waited for.
"""

from __future__ import annotations

import argparse
import os
import re
import select
import shlex
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
from bench.panes import PANES, chosen
from bench.program import Program
from bench.programs import Contestant
from bench.talk import talk
from pitop.kernel.launch import tree_of
from tests.tui.terminal.sshd import server

__all__ = ["main"]

_WARM = 3.0
_ACKED = re.compile(r"bytes_acked:(\d+)")


def _acked(port: str) -> int:
    """Bytes that the clients of `port` acknowledged so far."""
    said = subprocess.run(["ss", "-tinH", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    return sum(int(found) for found in _ACKED.findall(said))


def _begun(login: Sequence[str], contestant: Contestant) -> Program:
    remote = ["env", "LANG=C.UTF-8", "COLORTERM=truecolor", *contestant.command]
    return Program([*login, shlex.join(remote)], files=contestant.files)


def _row(login: Sequence[str], contestant: Contestant, seconds: float) -> str:
    """A line of the table."""
    port = login[login.index("-p") + 1]
    with _begun(login, contestant) as program:
        program.await_screen(contestant.shows_content(), 20.0)
        for key in contestant.before:
            program.press(key)
            program.listen(_WARM)
        program.listen(_WARM)
        acked, chunks = _acked(port), len(program.chunks)
        program.listen(seconds)
        wire = (_acked(port) - acked) / seconds
        written = sum(len(chunk.data) for chunk in program.chunks[chunks:]) / seconds
    return f"| {contestant.name} | {wire:,.0f} | {written:,.0f} |"


def _cut(login: Sequence[str], daemon: int) -> tuple[int, float]:
    """Cut the line of a pitop that captures packets: how many processes, and seconds until all of them had ended."""
    packets = next(each for each in PANES if each.name == "packets")
    with _begun(login, packets) as program:
        program.await_screen(packets.shows_content(), 20.0)
        for key in "389":  # helpers of other panes, too
            program.press(key)
            program.listen(0.5)
        below = [pid for pid in tree_of(daemon) if Path(f"/proc/{pid}/comm").read_text() != "sshd\n"]
        running = [os.pidfd_open(pid) for pid in below]
        os.kill(program.pid, signal.SIGKILL)
        cut = time.monotonic()
        for process in running:
            select.select([process], [], [], 20)
            os.close(process)
        return len(running), time.monotonic() - cut


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table, a program a row, and how long the ends took."""
    parser = argparse.ArgumentParser(prog="python -m bench.ssh", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--processes", type=int, default=200, help="to show, besides the machine's own")
    parser.add_argument("--cuts", type=int, default=5)
    parser.add_argument("--programs", help="names, with commas; all")
    said = parser.parse_args(arguments)
    tools = [shutil.which(name, path="/usr/sbin:/usr/bin") for name in ("sshd", "ssh", "ssh-keygen")]
    if None in tools or os.geteuid() != 0:
        print("bench.ssh: needs root and OpenSSH's server and client", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory() as folder,
        farm(said.processes, 10, 2),
        talk(),
        server(Path(folder), *filter(None, tools)) as login,
    ):
        print("| over SSH, 120×40, 1 s | bytes/s on the wire | bytes/s written |\n|---|---:|---:|")
        for contestant in chosen(said.programs):
            print(_row(login, contestant, said.seconds), flush=True)
        daemon = int((Path(folder) / "pid").read_text())
        ends = [_cut(login, daemon) for _ in range(said.cuts)]
        times = [seconds for _, seconds in ends]
        print(
            f"\nThe line is cut while packets are captured: all {ends[0][0]} processes gone after "
            f"{statistics.median(times):.2f} s, {max(times):.2f} s at the worst of {len(times)}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
