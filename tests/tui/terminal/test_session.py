"""The wire leaves the same screen as Textual's own path, whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pitop.tui.app import PANES
from tests.tui.terminal.person import FILLED, PAINTED

ROOT = Path(__file__).parents[3]
TRUECOLOUR = {"TEXTUAL_COLOR_SYSTEM": "truecolor"}
SESSIONS = {
    "truecolour": TRUECOLOUR,
    "256 colours": {"TEXTUAL_COLOR_SYSTEM": "256"},
    "16 colours": {"TEXTUAL_COLOR_SYSTEM": "standard"},
    "no colours": TRUECOLOUR | {"NO_COLOR": "1"},
    "with repeat": TRUECOLOUR | {"TERM": "foot"},
    "without coloured erase": TRUECOLOUR | {"TERM": "screen-256color"},
}
HOUSES = {
    "truecolour, with repeat": TRUECOLOUR | {"TERM": "foot"},
    "16 colours, without coloured erase": {"TEXTUAL_COLOR_SYSTEM": "standard", "TERM": "screen-256color"},
}
STEPS = 25
SECONDS = 60  # of the clock that makes haste
Started = dict[str, subprocess.Popen[str]]


def start(program: str, seed: int, amount: int, environment: dict[str, str]) -> subprocess.Popen[str]:
    common = {"TERM": "xterm-256color", "PATH": os.environ["PATH"], "PYTHONUTF8": "1", "LANG": "C.UTF-8"}
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.tui.terminal.{program}", str(seed), str(amount)],
        env=common | environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def sessions() -> Iterator[Started]:
    """All of them at once, since they mostly wait for Textual's timers."""
    started = {
        name: start(program, seed, amount, environment)
        for program, amount, environments in (("session", STEPS, SESSIONS), ("house", SECONDS, HOUSES))
        for seed, (name, environment) in enumerate(environments.items())
    }
    yield started
    for session in started.values():
        session.kill()
        session.wait()
        assert session.stdout is not None
        session.stdout.close()  # not read to its end: what the session has started may have it too


@pytest.mark.parametrize("name", SESSIONS)
def test_every_frame_of_a_random_session_equals_textuals_own(name: str, sessions: Started) -> None:
    output, _ = sessions[name].communicate(timeout=120)
    assert sessions[name].returncode == 0, output[-4000:]


@pytest.mark.parametrize("name", HOUSES)
def test_every_frame_of_pitop_in_use_equals_textuals_own(name: str, sessions: Started) -> None:
    output, _ = sessions[name].communicate(timeout=120)
    assert sessions[name].returncode == 0, output[-8000:]
    report = json.loads(output.splitlines()[-1])
    assert min(report["painted"].values()) >= PAINTED, report
    assert min(report["filled"].values()) >= FILLED, report
    assert len(report["painted"]) == len(PANES)
    assert report["skipped"] < 0.1 * report["frames"], report
    assert report["bytes"] < report["stock_bytes"] / 2, report
