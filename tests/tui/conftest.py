"""The same time zone, colours and locale for every screen."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import textual._wait
import textual.screen

# Textual's pilot takes an app for idle that has done next to nothing for a while in which the screen would have been
# painted. Both last half as long here: most of the time of these tests is that waiting.
_PAINT, _IDLE = 1 / 120, 1 / 100


@pytest.fixture(autouse=True)
def _steady(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {"TZ": "UTC", "LANG": "C.UTF-8", "TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none"}.items():
        monkeypatch.setenv(name, value)
    for name in ("LC_ALL", "LC_CTYPE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(textual.screen, "UPDATE_PERIOD", _PAINT)
    monkeypatch.setattr(textual._wait, "SLEEP_GRANULARITY", _IDLE)
    monkeypatch.setattr(textual._wait, "SLEEP_IDLE", _IDLE / 20)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
