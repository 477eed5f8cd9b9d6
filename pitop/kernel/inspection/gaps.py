"""What we may not read of a process, noted where it is missed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pitop.kernel.inspection.folder import Refused
from pitop.model.snapshot import Missing

__all__ = ["OWN", "ROOT", "Gaps"]

T = TypeVar("T")


class Gaps:
    """Collects what we may not read."""

    def __init__(self) -> None:
        self.found: dict[str, Missing] = {}

    def asked(self, what: str, advice: str, read: Callable[[], T]) -> T | None:
        """What `read` gives, or None and a note where it is refused."""
        try:
            return read()
        except Refused:
            self.found[what] = Missing(what, "not permitted", advice)
        except PermissionError:
            self.found[what] = Missing(what, "not permitted", advice)
        return None


OWN = "Needs root or the same user (CAP_SYS_PTRACE)."
ROOT = "Needs root (CAP_SYS_ADMIN)."
