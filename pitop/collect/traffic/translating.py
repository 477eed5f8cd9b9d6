"""What translated connections are called on the other side, read again while there are any."""

from __future__ import annotations

import time

from pitop.kernel.traffic.conntrack import connections_tracked, translations, translations_listed
from pitop.model.snapshot import Missing
from pitop.model.traffic.translation import OtherSide, other_sides

__all__ = ["Translating"]

_EVERY = 1.0  # seconds between readings while there are translated connections
_SELDOM = 10.0  # and while there are none
_DUTY = 20  # times as long as a reading took, until the next


class Translating:
    """Reads conntrack, no more often than is worth it. `missing` says why it cannot, where it is used at all."""

    def __init__(self) -> None:
        self._due = 0.0
        self.sides: OtherSide = {}
        self.missing: Missing | None = None

    def look(self) -> bool:
        """Read what is due; whether anything may have changed."""
        began = time.monotonic()
        if began < self._due:
            return False
        before = self.sides
        self.sides = self._read()
        now = time.monotonic()
        self._due = now + max(_EVERY if self.sides else _SELDOM, _DUTY * (now - began))
        return bool(self.sides) and self.sides != before

    def _read(self) -> OtherSide:
        self.missing = None
        if not connections_tracked():
            return {}
        refused: OSError | None = None
        for read in (translations, translations_listed):
            try:
                return other_sides(read())
            except OSError as error:
                refused = refused or error
        why = (refused.strerror or str(refused)) if refused is not None else ""
        advice = "Run pitop as root." if isinstance(refused, PermissionError) else ""
        self.missing = Missing("the other side of translated connections (NAT)", why.lower(), advice)
        return {}
