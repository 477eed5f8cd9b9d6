"""NUMA nodes and memory zones."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pitop.model.memory.zones import Node, Zone

__all__ = ["read_nodes", "read_zones"]

_PAGE = os.sysconf("SC_PAGE_SIZE")
_ZONE = re.compile(r"^Node +(\d+), zone +(\S+)\n(.*?)(?=^Node|\Z)", re.M | re.S)
_FIELD = re.compile(r"^ +(?:pages )?(free|min|low|high|managed) +(\d+)$", re.M)
_LINE = re.compile(r"^Node \d+ (\S+): +(\d+) kB$", re.M)


def read_zones(root: Path = Path("/proc"), page: int = _PAGE) -> tuple[Zone, ...]:
    """`zoneinfo`: the zones that have pages; empty where it cannot be read."""
    try:
        text = (root / "zoneinfo").read_text()
    except OSError:
        return ()
    found = []
    for node, name, body in _ZONE.findall(text):
        told: dict[str, int] = {}
        for key, value in _FIELD.findall(body):
            told.setdefault(key, int(value) * page)  # later lines of these names are of each CPU's page set
        if told.get("managed") and told.keys() >= {"free", "min", "low", "high"}:
            found.append(Zone(int(node), name, told["free"], told["min"], told["low"], told["high"], told["managed"]))
    return tuple(found)


def read_nodes(sys: Path = Path("/sys")) -> tuple[Node, ...]:
    """The NUMA nodes that have memory, by number; empty where the kernel knows of none."""
    found = []
    for folder in (sys / "devices/system/node").glob("node[0-9]*"):
        try:
            text = (folder / "meminfo").read_text()
        except OSError:
            continue
        told = {name: int(value) * 1024 for name, value in _LINE.findall(text)}
        if told.get("MemTotal"):
            found.append(
                Node(
                    int(folder.name[4:]),
                    told["MemTotal"],
                    told.get("MemFree", 0),
                    told.get("FilePages"),
                    told.get("AnonPages"),
                    told.get("Slab"),
                )
            )
    return tuple(sorted(found, key=lambda node: node.number))
