"""The configuration file: TOML in the XDG place, read once at the start."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from pitop.render.glyphs import LEVELS

__all__ = ["PaneSettings", "Problem", "Settings", "default_path", "parse_settings", "read_settings"]

PANES = ("processes", "memory", "sockets", "packets", "dns", "network", "path", "traffic", "timeline")


class PaneSettings(Struct, frozen=True):
    """How a pane begins: its columns (None: the usual), order, filter; anything else is the pane's own."""

    columns: tuple[str, ...] | None = None
    sort: str | None = None
    falling: bool | None = None
    filter: str = ""
    tree: bool | None = None


class Problem(Struct, frozen=True):
    """Something in the file that is not understood, and where."""

    line: int | None
    message: str

    def __str__(self) -> str:
        return self.message if self.line is None else f"line {self.line}: {self.message}"


class Settings(Struct, frozen=True):
    """What the file says, with what it does not say as it is without a file."""

    interval: float = 1.0
    theme: str = "pitop-night"
    glyphs: str | None = None
    pane: str = "processes"
    mouse: bool = True
    keys: Mapping[str, str] = {}
    panes: Mapping[str, PaneSettings] = {}
    problems: tuple[Problem, ...] = ()


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """`pitop/config.toml` in $XDG_CONFIG_HOME or ~/.config (XDG Base Directory Specification)."""
    base = environment.get("XDG_CONFIG_HOME", "")
    root = Path(base) if base.startswith("/") else Path(environment.get("HOME", "/")) / ".config"
    return root / "pitop" / "config.toml"


def read_settings(path: Path | None = None) -> Settings:
    """The settings in `path`, or in the default place, where no file is no problem. Raises OSError for `path`."""
    if path is None:
        try:
            text = default_path().read_text("utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return Settings()
        except (OSError, UnicodeDecodeError) as error:
            return Settings(problems=(Problem(None, f"{default_path()}: {error}"),))
    else:
        text = path.read_text("utf-8", "replace")
    return parse_settings(text)


def parse_settings(text: str) -> Settings:
    """The settings that `text` holds; what is wrong is left at its default and named with its line."""
    import tomllib  # most have no file

    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        return Settings(problems=(Problem(int(place[1]) if place else None, f"not TOML: {error}"),))
    return _Reader(text).settings(said)


def _interval(value: Any) -> float | None:
    return (
        float(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0.1 <= value <= 3600
        else None
    )


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _glyphs(value: Any) -> str | None:
    return value if value in LEVELS else None


def _pane(value: Any) -> str | None:
    return value if value in PANES else None


def _words(value: Any) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, list) and value and all(isinstance(word, str) for word in value) else None


_TOP: dict[str, tuple[Callable[[Any], Any], str]] = {
    "interval": (_interval, "seconds from 0.1 to 3600"),
    "theme": (_word, "a theme's name in quotes"),
    "glyphs": (_glyphs, '"braille", "block" or "ascii"'),
    "pane": (_pane, "one of " + ", ".join(PANES)),
    "mouse": (_flag, "true or false"),
}
_PER_PANE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "columns": (_words, 'a list of column names such as ["pid", "command"]'),
    "sort": (_word, "a column's name in quotes"),
    "falling": (_flag, "true or false"),
    "filter": (_text, "an expression in quotes"),
    "tree": (_flag, "true or false"),
}


class _Reader:
    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._problems: list[Problem] = []

    def settings(self, said: Mapping[str, Any]) -> Settings:
        top = self._table("", {key: value for key, value in said.items() if not isinstance(value, dict)}, _TOP)
        keys: dict[str, str] = {}
        panes: dict[str, PaneSettings] = {}
        for name, value in said.items():
            if not isinstance(value, dict):
                continue
            if name == "keys":
                keys = self._keys(value)
            elif name in PANES:
                panes[name] = PaneSettings(**self._table(name, value, _PER_PANE))
            else:
                self._wrong(self._section(name), f"there is no section [{name}]")
        return Settings(**top, keys=keys, panes=panes, problems=tuple(self._problems))

    def _table(
        self, section: str, said: Mapping[str, Any], known: Mapping[str, tuple[Callable[[Any], Any], str]]
    ) -> dict[str, Any]:
        found = {}
        for key, value in said.items():
            line = self._place(section, key)
            if key not in known:
                self._wrong(line, f"there is no setting “{key}”; there are " + ", ".join(known))
                continue
            read, wanted = known[key]
            parsed = read(value)
            if parsed is None:
                self._wrong(line, f"{key} is {wanted}")
            else:
                found[key] = parsed
        return found

    def _keys(self, said: Mapping[str, Any]) -> dict[str, str]:
        found = {}
        for name, value in said.items():
            if isinstance(value, str) and value:
                found[name] = value
            else:
                self._wrong(self._place("keys", name), f'{name} is keys in quotes such as "f9,k"')
        return found

    def _wrong(self, line: int | None, message: str) -> None:
        self._problems.append(Problem(line, message))

    def _section(self, name: str) -> int | None:
        pattern = re.compile(rf"\s*\[\s*[\"']?{re.escape(name)}[\"']?\s*[].]")
        return next((number for number, line in enumerate(self._lines, 1) if pattern.match(line)), None)

    def _place(self, section: str, key: str) -> int | None:
        """The line that sets `key` in `section`; tomllib does not tell."""
        pattern = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
        start = 0 if not section else self._section(section)
        if start is None:
            return None
        for number, line in enumerate(self._lines[start:], start + 1):
            if pattern.match(line):
                return number
            if line.lstrip().startswith("[") and "=" not in line:
                return None
        return None
