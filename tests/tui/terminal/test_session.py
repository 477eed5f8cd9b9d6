"""The wire leaves the same screen as Textual's own path, whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TRUECOLOUR = {"TEXTUAL_COLOR_SYSTEM": "truecolor"}
SESSIONS = {
    "truecolour": ("session", TRUECOLOUR),
    "256 colours": ("session", {"TEXTUAL_COLOR_SYSTEM": "256"}),
    "16 colours": ("session", {"TEXTUAL_COLOR_SYSTEM": "standard"}),
    "no colours": ("session", TRUECOLOUR | {"NO_COLOR": "1"}),
    "with repeat": ("session", TRUECOLOUR | {"TERM": "foot"}),
    "without coloured erase": ("session", TRUECOLOUR | {"TERM": "screen-256color"}),
    "pitop": ("house", TRUECOLOUR),
    "pitop, 16 colours": ("house", {"TEXTUAL_COLOR_SYSTEM": "standard"}),
}


@pytest.fixture(scope="module")
def sessions() -> Iterator[dict[str, subprocess.Popen[str]]]:
    """All of them at once, since they mostly wait for Textual's timers."""
    common = {"TERM": "xterm-256color", "PATH": os.environ["PATH"], "PYTHONUTF8": "1"}
    started = {
        name: subprocess.Popen(
            [sys.executable, "-m", f"tests.tui.terminal.{program}", str(seed), "25"],
            env=common | colours,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for seed, (name, (program, colours)) in enumerate(SESSIONS.items())
    }
    yield started
    for session in started.values():
        session.kill()
        session.communicate()


@pytest.mark.parametrize("name", SESSIONS)
def test_every_frame_of_a_random_session_equals_textuals_own(
    name: str, sessions: dict[str, subprocess.Popen[str]]
) -> None:
    output, _ = sessions[name].communicate(timeout=120)
    assert sessions[name].returncode == 0, output[-4000:]
