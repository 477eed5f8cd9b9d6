"""What comes down a real ssh connection a second, per program and pane: `python -m bench.ssh`. Needs root and sshd.

Counted by the kernel on the server's socket: what ssh encrypted, with its padding and checksums; the share of the
terminal's own bytes beside it.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.farm import farm
from bench.panes import chosen
from bench.program import Program
from bench.programs import Contestant
from bench.talk import talk
from tests.sshlab import SshLab, ssh_lab

__all__ = ["main"]

_SENT = re.compile(r"\bbytes_sent:(\d+)")


def _sent(port: int) -> int:
    """Bytes that the server has sent on the connections that it has (ss(8), `bytes_sent` of tcp_info)."""
    command = ["ss", "-tniH", "state", "established", "sport", "=", f":{port}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sum(int(number) for number in _SENT.findall(said))


def _row(contestant: Contestant, lab: SshLab, seconds: float) -> str:
    remote = shlex.join(["env", "LANG=C.UTF-8", "COLORTERM=truecolor", *contestant.command])
    with Program([*lab.login, remote], files=contestant.files) as program:
        program.await_screen(contestant.shows_content(), 20.0)
        for key in contestant.before:
            program.press(key)
            program.listen(2.0)
        program.listen(3.0)
        before, chunks = _sent(lab.port), len(program.chunks)
        program.listen(seconds)
        wire = (_sent(lab.port) - before) / seconds
        shown = sum(len(chunk.data) for chunk in program.chunks[chunks:]) / seconds
    return f"| {contestant.name} | {shown:,.0f} | {wire:,.0f} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the panes and the programs that are installed, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.ssh", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--processes", type=int, default=1000)
    parser.add_argument("--programs", help="names, with commas; all")
    said = parser.parse_args(arguments)
    print("| 120×40, every second | terminal, bytes/s | ssh, bytes/s |\n|---|---:|---:|")
    with farm(said.processes, 10, 2), talk(), tempfile.TemporaryDirectory() as folder, ssh_lab(Path(folder)) as lab:
        for contestant in chosen(said.programs):
            print(_row(contestant, lab, said.seconds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
