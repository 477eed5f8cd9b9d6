"""`pitop traffic`: its table, its JSON, its scope, with real programs in a network of their own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import Any

import pytest

from pitop.__main__ import main
from tests.private_network import in_private_network

_TALK = (
    "import socket, sys\n"
    "tcp = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
    "udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.connect(('127.0.0.1', int(sys.argv[2])))\n"
    "print('ready', flush=True)\n"
    "for line in sys.stdin:\n"
    "    tcp.sendall(b'x' * 100_000); udp.send(b'y' * 1000); print('sent', flush=True)\n"
)


def said(*more: str) -> Any:
    """Two samples while a program sends 100,000 bytes over TCP and 1,000 over UDP; its pid, and what was printed."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        subprocess.Popen([sys.executable, "-m", "pitop", "traffic", *more], stdout=subprocess.PIPE) as pitop,
    ):
        udp.bind(("127.0.0.1", 0))
        ports = (server.getsockname()[1], udp.getsockname()[1])
        words = [sys.executable, "-c", _TALK, *map(str, ports)]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as talking:
            assert talking.stdin is not None
            assert talking.stdout is not None
            assert pitop.stdout is not None
            taken, _ = server.accept()
            with taken:
                lines: list[bytes] = []
                while pitop.poll() is None or not lines:
                    talking.stdin.write(b"\n")
                    talking.stdin.flush()
                    left = 100_000
                    while left:
                        left -= len(taken.recv(left))
                    udp.recv(2000)
                    if not lines or b'"rows"' in lines[-1]:
                        lines.append(pitop.stdout.readline() if "--json" in more else pitop.stdout.read())
                    if b"" in lines:
                        break
                talking.communicate()
        return talking.pid, ports, b"".join(lines).decode()


@pytest.mark.usefixtures("root")
def test_json_has_who_and_how_much() -> None:
    pid, (tcp, udp), text = in_private_network(lambda: said("--json", "--interval", "0.5", "--count", "3"))
    documents = [json.loads(line) for line in text.splitlines()]
    assert len(documents) == 3
    last = documents[-1]
    assert last["pane"] == "traffic"
    assert last["summary"]["capturing"] is True
    rows = {(row["pid"], row["protocol"], row["direction"]): row for row in last["rows"] if row["port"] in (tcp, udp)}
    out = rows[pid, "tcp", "out"]
    assert out["bytes_sent"] % 100_000 == 0
    assert out["bytes_sent"] >= 100_000
    assert (out["name"], out["name_source"], out["address"], out["inside"]) == ("localhost", "hosts", "127.0.0.1", True)
    assert rows[pid, "udp", "out"]["bytes_sent"] % 1042 == 0  # with IP's, UDP's and the link's headers
    assert {row["direction"] for row in last["rows"] if row["port"] == tcp} == {"out", "in"}


@pytest.mark.usefixtures("root")
def test_wrong_words_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--sort", "nothing"], ["--columns", "process,x"], ["--count", "3"], ["--filter", "down>"]):
        with pytest.raises(SystemExit) as caught:
            main(["traffic", *words])
        assert caught.value.code == 2
        assert "pitop traffic" in capsys.readouterr().err
