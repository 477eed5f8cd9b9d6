"""Who begins to talk, as the kernel's trace points tell: real connections in a network of one's own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from pitop.kernel.packets.senders import Senders

pytestmark = pytest.mark.usefixtures("root")
TCP, UDP = 6, 17
FOUR, SIX = socket.inet_pton(socket.AF_INET, "127.0.0.1"), socket.inet_pton(socket.AF_INET6, "::1")


def told() -> dict[str, object]:
    """What is told of connections and questions of this process and of a child, over both versions of IP."""
    try:
        made = Senders()  # in a process of its own otherwise: it may get a view of the mounts for itself
    except OSError as error:
        return {"absent": str(error)}
    found: dict[str, object] = {}
    for name, family, host, packed in (("4", socket.AF_INET, "127.0.0.1", FOUR), ("6", socket.AF_INET6, "::1", SIX)):
        with socket.create_server((host, 0), family=family) as server:
            port = server.getsockname()[1]
            with socket.create_connection((host, port)) as client:
                made.read()
                found[f"tcp{name}"] = made.sender(TCP, client.getsockname()[1], packed, port)
                # The server's end was made in an interrupt, in whoever's time.
                found[f"server{name}"] = made.sender(TCP, port, packed, client.getsockname()[1])
        with socket.socket(family, socket.SOCK_DGRAM) as udp:
            udp.connect((host, 53))
            port = udp.getsockname()[1]
        made.read()
        found[f"udp{name}"] = made.sender(UDP, port, packed, 53)
    child = (
        "import socket; u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0));"
        "u.sendto(b'x', ('127.0.0.1', 53)); print(u.getsockname()[1], flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        made.read()
        found["child"] = made.sender(UDP, port, FOUR, 53) == process.pid
        process.communicate(b"\n")
    found["nobody"] = made.sender(UDP, port, FOUR, 54)
    found["lost"] = made.lost
    made.close()
    return found


def test_the_process_is_told_for_both_versions_and_both_transports(absent: Callable[[str], None]) -> None:
    script = (
        "import json, os\n"
        "from tests.kernel.packets.test_senders import told\n"
        "from tests.private_network import in_private_network\n"
        "print(os.getpid(), json.dumps(in_private_network(told)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    pid, _, said = done.stdout.partition(" ")
    found = json.loads(said)
    if "absent" in found:
        absent(f"this kernel tells nobody: {found['absent']}")
    assert {found[key] for key in ("tcp4", "tcp6", "udp4", "udp6")} == {int(pid)}
    assert (found["server4"], found["server6"]) == (None, None)
    assert found["child"] is True
    assert found["nobody"] is None
    assert found["lost"] == 0
