"""What an action hits."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.processes import ProcessKey

__all__ = ["Target"]


class Target(Struct, frozen=True):
    """A process to act on: its identity, and its name as the person saw it."""

    key: ProcessKey
    name: str

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.key[0]
