"""pitop in a shell inside tmux and GNU screen, as a person sees it from the terminal outside."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tui.terminal import Terminal
from tests.tui.terminal.panes import PANES

PROMPT = "prompt> "
COMMAND = f"{sys.executable} -m pitop"


@pytest.fixture(params=["tmux", "screen"])
def inside(request: pytest.FixtureRequest, tmp_path: Path, peer: Callable[[str], str]) -> Iterator[Terminal]:
    """A shell at its prompt, inside a multiplexer with a server of its own."""
    tool = peer(request.param)
    shell = ["/bin/bash", "--norc", "-i"]
    settings = tmp_path / "settings"
    if request.param == "tmux":
        settings.write_text("set -g status off\nset -g default-terminal tmux-256color\n")
        command = [tool, "-S", str(tmp_path / "server"), "-f", str(settings), "new", *shell]
        end = [tool, "-S", str(tmp_path / "server"), "kill-server"]
    else:
        settings.write_text("startup_message off\naltscreen on\n")
        (tmp_path / "server").mkdir(mode=0o700)
        command = [tool, "-U", "-c", str(settings), "-S", "pitop", *shell]
        end = [tool, "-S", "pitop", "-X", "quit"]
    environment = {"PS1": PROMPT, "SCREENDIR": str(tmp_path / "server"), "COLORTERM": "truecolor"}
    terminal = Terminal(command, 100, 30, environment)
    yield terminal
    subprocess.run(end, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    terminal.close()


def rows(text: str) -> list[str]:
    """The rows that are not empty."""
    return [row.rstrip() for row in text.splitlines() if row.strip()]


def test_panes_resize_the_shell_and_back_and_the_end(inside: Terminal) -> None:
    inside.until(PROMPT)
    inside.type(f"{COMMAND}\n")
    inside.until(lambda text: "COMMAND" in text and " 1 root" in text)
    for digit, words in PANES.items():
        inside.type(digit)
        inside.until(words)
    inside.type("1")
    inside.resize(80, 24)
    inside.until(lambda text: "COMMAND" in text and "q Quit" in text.splitlines()[23])
    for number in range(20):
        inside.resize(60 + 3 * number, 15 + number)
        inside.pump(0.01)
    inside.resize(90, 28)
    inside.until(lambda text: "COMMAND" in text and "q Quit" in text.splitlines()[27])

    inside.type("\x1a")
    inside.until(lambda text: "Stopped" in text and rows(text)[-1] == PROMPT.strip())
    inside.type("fg\n")
    inside.until(lambda text: "COMMAND" in text and "q Quit" in text and PROMPT.strip() not in text)
    inside.type("M")
    inside.until("RES▼")

    inside.type("q")
    inside.until(lambda text: "COMMAND" not in text and rows(text)[-1:] == [PROMPT.strip()])
    inside.type("echo af''ter\n")
    inside.until(lambda text: rows(text)[-3:] == [f"{PROMPT}echo af''ter", "after", PROMPT.strip()])
