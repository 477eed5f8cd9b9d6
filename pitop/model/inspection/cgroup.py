"""What a process's control group says of where it belongs: its container, its systemd unit."""

from __future__ import annotations

import re

from msgspec import Struct

__all__ = ["Belonging", "Container", "belonging"]


class Container(Struct, frozen=True):
    """A container: what runs it, and its id or name there."""

    engine: str
    name: str


class Belonging(Struct, frozen=True):
    """`path` is the control group's (the unified one where there is one); `unit` and `slice` are systemd's."""

    path: str
    container: Container | None = None
    unit: str | None = None
    user_unit: str | None = None
    slice: str | None = None


_ID = r"([0-9a-f]{12,64})"
_CONTAINERS = (
    ("docker", re.compile(rf"(?:^|/)docker(?:-|/){_ID}(?:\.scope)?(?:/|$)")),
    ("podman", re.compile(rf"(?:^|/)libpod-(?:conmon-)?{_ID}(?:\.scope)?(?:/|$)")),
    ("containerd", re.compile(rf"(?:^|/)cri-containerd-{_ID}(?:\.scope)?(?:/|$)")),
    ("cri-o", re.compile(rf"(?:^|/)crio-{_ID}(?:\.scope)?(?:/|$)")),
    ("kubernetes", re.compile(rf"(?:^|/)kubepods.*/pod[0-9a-f_-]+(?:\.slice)?/{_ID}(?:/|$)")),
    ("lxc", re.compile(r"(?:^|/)(?:lxc\.payload\.|lxc/)([^/]+)")),
    ("systemd-nspawn", re.compile(r"(?:^|/)machine\.slice/(?:machine-|systemd-nspawn@)([^/]+?)\.(?:scope|service)")),
)
_UNIT = re.compile(r"\.(service|scope|socket|mount|swap|timer)$")


def belonging(data: bytes) -> Belonging | None:
    """From /proc/PID/cgroup (cgroups(7)): lines of `hierarchy:controllers:path`. None where there are no groups."""
    paths: dict[str, str] = {}
    for line in data.decode("utf-8", "backslashreplace").splitlines():
        _, _, rest = line.partition(":")
        controllers, colon, path = rest.partition(":")
        if colon:
            paths[controllers] = path
    if not paths:
        return None
    # The unified hierarchy is "", systemd's own in the old layout name=systemd. A path that says more wins.
    chosen = paths.get("", "/")
    if chosen == "/":
        chosen = paths.get("name=systemd", chosen)
    container = next((found for path in (chosen, *paths.values()) if (found := _container(path)) is not None), None)
    unit, user_unit, within = _units(chosen)
    return Belonging(chosen, container, unit, user_unit, within)


def _container(path: str) -> Container | None:
    for engine, pattern in _CONTAINERS:
        if match := pattern.search(path):
            return Container(engine, _unescaped(match[1]))
    return None


def _units(path: str) -> tuple[str | None, str | None, str | None]:
    """The system's unit, the unit within the user's own systemd, and the innermost slice."""
    unit = user_unit = within = None
    for part in path.split("/"):
        if part.endswith(".slice"):
            within = _unescaped(part)
        elif _UNIT.search(part):
            if unit is None:
                unit = _unescaped(part)
            elif unit.startswith("user@"):
                user_unit = _unescaped(part)
    return unit, user_unit, within


def _unescaped(name: str) -> str:
    r"""Unit names write special characters as `\x2d`, systemd-escape(1)."""
    return re.sub(r"\\x([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), name)
