"""One story through every pane: a child that is gone before one looks, with all that it did one key away."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.netlab import Lab

_MUCH = 1_000_000
_SERVER = """
import socket, sys
server = socket.create_server(("10.9.1.2", 8080))
print("ready", flush=True)
while True:
    connection, _ = server.accept()
    connection.recv(1000)
    connection.sendall(bytes(int(sys.argv[1])))
    connection.close()
"""


@pytest.mark.usefixtures("root")
def test_from_a_child_that_has_ended_to_all_that_it_did(peer: Callable[[str], str], tmp_path: Path) -> None:
    dnsmasq = peer("dnsmasq")
    with Lab() as lab:
        lab.add("near", "far")
        lab.link("near", "far", 1)
        lab.resolv_conf("near", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        lab.start("far", sys.executable, "-c", _SERVER, str(_MUCH), ready="ready")
        lab.start(
            "near", dnsmasq, "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
            "--listen-address=127.0.0.1", "--bind-interfaces", "--user=root", f"--pid-file={tmp_path}/pid",
            "--host-record=depot.example,10.9.1.2", "--log-facility=/dev/stdout", ready="started",
        )  # fmt: skip
        done = subprocess.run(
            ["ip", "netns", "exec", lab.real("near"), sys.executable, "-m", "tests.story", "depot.example", "8080"],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["scope"]
    assert set(seen["sockets"]) == {"10.9.1.2", "127.0.0.1"}, "the server's, and the name server's"
    # The kernel counts the other side's FIN as a byte (tcp_rcv_nxt_update).
    assert seen["received"] in (_MUCH, _MUCH + 1)
    assert seen["sent"] == len(b"all of it, please")
    assert "10.9.1.2" in seen["way"]
    assert len(seen["packets"]) == 1
    assert seen["port"]
    assert seen["asked"] == ["depot.example", "A", seen["pid"], "A 10.9.1.2"]
    assert seen["only"] == [seen["pid"]]
    # Process events are told to the first network namespace only: here /proc tells the fork, and no exec.
    assert [kind for kind in seen["timeline"] if kind not in ("faults", "runs")] == [
        "forked", "asked", "opened", "closed", "ended",
    ]  # fmt: skip
