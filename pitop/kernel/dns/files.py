"""The files that say how this machine resolves names, read below a root that tests replace."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from pitop.model.dns.resolution import ResolvConf, Service, parse_nsswitch, parse_resolv_conf

__all__ = ["hosts_text", "nsswitch", "resolv_conf"]


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", "backslashreplace")
    except OSError:
        return None


def resolv_conf(root: Path = Path("/"), path: str = "etc/resolv.conf") -> ResolvConf:
    """resolv.conf(5), or another file of its form; without the file the C library asks 127.0.0.1."""
    domain = socket.gethostname().partition(".")[2]
    return parse_resolv_conf(_text(root / path) or "", domain, dict(os.environ))


def nsswitch(root: Path = Path("/")) -> tuple[Service, ...]:
    """The `hosts` line of nsswitch.conf(5), in order."""
    return parse_nsswitch(_text(root / "etc/nsswitch.conf") or "")


def hosts_text(root: Path = Path("/")) -> str:
    """The text of hosts(5), empty where there is none."""
    return _text(root / "etc/hosts") or ""
