"""The wire leaves the same screen as Textual's own path, whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SESSION = Path(__file__).with_name("session.py")
SESSIONS = {
    "truecolour": {"TEXTUAL_COLOR_SYSTEM": "truecolor"},
    "256 colours": {"TEXTUAL_COLOR_SYSTEM": "256"},
    "16 colours": {"TEXTUAL_COLOR_SYSTEM": "standard"},
    "no colours": {"TEXTUAL_COLOR_SYSTEM": "truecolor", "NO_COLOR": "1"},
    "with repeat": {"TEXTUAL_COLOR_SYSTEM": "truecolor", "TERM": "foot"},
    "without coloured erase": {"TEXTUAL_COLOR_SYSTEM": "truecolor", "TERM": "screen-256color"},
}


@pytest.fixture(scope="module")
def sessions() -> Iterator[dict[str, subprocess.Popen[str]]]:
    """All of them at once, since they mostly wait for Textual's timers."""
    common = {"TERM": "xterm-256color", "PATH": os.environ["PATH"], "PYTHONUTF8": "1"}
    started = {
        name: subprocess.Popen(
            [sys.executable, str(SESSION), str(seed), "40"],
            env=common | colours,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for seed, (name, colours) in enumerate(SESSIONS.items())
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
