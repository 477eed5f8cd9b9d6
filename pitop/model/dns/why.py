"""How a name was resolved, source by source, and where the sources disagree. No dnspython here."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from msgspec import Struct

__all__ = ["Found", "Stage", "Why", "disagreements"]


class Found(enum.Enum):
    """How a stage came out."""

    YES = "found"
    NO = "not found"
    SKIPPED = "not reached"
    UNKNOWN = "unknown"
    TOLD = "told"


class Stage(Struct, frozen=True):
    """One step: what is looked at, how it came out, and the lines that say so."""

    what: str
    found: Found
    words: str
    addresses: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


class Why(Struct, frozen=True, kw_only=True):
    """How this machine resolves `name`, as far as it is known. `c_library` is None until the C library has spoken."""

    name: str
    time: float
    running: bool
    stages: tuple[Stage, ...]
    c_library: tuple[str, ...] | None
    disagreements: tuple[str, ...]


def disagreements(
    library: Sequence[str] | None, files: Sequence[str], servers: Sequence[tuple[str, Sequence[str] | None]]
) -> tuple[str, ...]:
    """Where the C library, the hosts file and the servers differ, in sentences.

    `servers` pairs each with the addresses that it gave, None where it did not answer.
    """
    found: list[str] = []
    answered = [(server, frozenset(addresses)) for server, addresses in servers if addresses is not None]
    everything = frozenset().union(*(addresses for _, addresses in answered))
    if files and answered and everything and everything != frozenset(files):
        found.append(f"the hosts file says {_list(files)}, the servers say {_list(everything)}: the file comes first")
    if len({addresses for _, addresses in answered}) > 1:
        said = "; ".join(f"{server}: {_list(addresses) or 'nothing'}" for server, addresses in answered)
        found.append(f"the servers do not agree: {said}")
    found += [f"{server} does not answer" for server, addresses in servers if addresses is None]
    if library is None or files or not answered:
        return tuple(found)
    known = frozenset(library)
    missing = everything - known
    if missing and known and all(":" in address for address in missing):
        found.append(
            f"the C library leaves out {_list(missing)}: this machine has no IPv6 address of its own (AI_ADDRCONFIG)"
        )
    elif missing:
        found.append(f"the servers say {_list(missing)}, the C library does not")
    if known - everything:
        found.append(f"the C library says {_list(known - everything)}, the servers do not")
    return tuple(found)


def _list(addresses: Sequence[str] | frozenset[str]) -> str:
    return ", ".join(sorted(addresses))
