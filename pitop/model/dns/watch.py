"""One question asked again and again: how long it takes, and when the answer changes."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.dns.answer import Answer, Section, Trouble

__all__ = ["Beat", "beat"]


class Beat(Struct, frozen=True):
    """One asking. `ms` is None without an answer; `data` is sorted; `before` is what was said last, if it differs.

    A change is a change of status or of records, never of their order or TTL.
    """

    time: float
    ms: float | None
    status: str
    data: tuple[str, ...]
    before: tuple[str, ...] | None = None
    changed: bool = False


def beat(found: Answer | Trouble, time: float, last: Beat | None) -> Beat:
    """What one asking found, beside the last one."""
    if isinstance(found, Trouble):
        made = Beat(time, None, found.fault.value, ())
    else:
        data = tuple(sorted(each.data for each in found.section(Section.ANSWER) if each.type != "RRSIG"))
        made = Beat(time, found.timing.query_ms, found.status, data)
    if last is None or (last.status, last.data) == (made.status, made.data):
        return made
    return Beat(made.time, made.ms, made.status, made.data, last.data, True)
