"""How often the helper tells what it has, and what it has loaded when it gives up its privileges."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from pitop.collect.packets.helper import pace
from pitop.collect.packets.messages import Config

CAPTURE = Path(__file__).parents[2] / "data/packets/resp_2_inline.pcap"


@pytest.mark.parametrize(("new", "seconds"), [(0, 0.2), (30, 0.2), (31, 0.5), (60, 0.5), (61, 1.0), (100_000, 1.0)])
def test_what_nobody_can_read_along_comes_less_often(new: int, seconds: float) -> None:
    assert pace(new, 30) == seconds


def test_filters_can_be_read_by_nobody_whoever_may_read_the_package() -> None:
    script = (
        "import sys\n"
        "from pitop.collect.packets import helper\n"
        "def give_up(*_, **__):\n"
        "    print(*sys.modules)\n"
        "    raise SystemExit\n"
        "helper.give_up = give_up\n"
        "helper.main()\n"
    )
    ours, its = socket.socketpair()
    with ours, its:
        config = msgspec.json.encode(Config(path=str(CAPTURE))).decode()
        command = [sys.executable, "-c", script, str(its.fileno()), config]
        done = subprocess.run(command, pass_fds=[its.fileno()], capture_output=True, text=True, check=True)
    assert {"pitop.model.filter.parser", "pitop.model.filter.comparison"} <= set(done.stdout.split())
