"""The commands of network and path start without the screen and without the heavy libraries."""

from __future__ import annotations

import subprocess
import sys

import pytest

_FOREIGN = {"textual", "rich", "scapy", "dns", "psutil"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["network", "--json"],
        ["network", "--route-to", "127.0.0.1"],
        ["trace", "--udp", "-n", "127.0.0.1"],
        ["diagnose", "127.0.0.1"],
    ],
)
def test_what_is_imported(arguments: list[str]) -> None:
    script = "import sys; from pitop.__main__ import main; status = main(); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout
    imported = {name.partition(".")[0] for name in done.stderr.split()}
    assert "pitop" in imported
    assert not imported & _FOREIGN
