"""An address space drawn to a readable scale: stretches that belong together, gaps folded, and cells shared out.

Sizes in one address space span from a page to hundreds of terabytes, so lengths grow with the logarithm of the size;
inside a bar the parts are in proportion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from pitop.model.memory.mappings import Kind, Mapping

__all__ = ["Gap", "Parts", "Stretch", "folded", "length", "parts", "share", "stretches"]

_PAGE = 4096
_WORTH_NAMING = 1 << 20  # a gap smaller than this between mappings is slack, not a place


class Parts(Struct, frozen=True, gc=False):
    """A size told apart: what is private and written, private and clean, shared, swapped, and never touched."""

    dirty_bytes: int
    clean_bytes: int
    shared_bytes: int
    swapped_bytes: int
    untouched_bytes: int


class Stretch(Struct, frozen=True, gc=False, tag=True):
    """Neighbouring mappings of one thing: a library's segments, a heap; `count` is how many."""

    start: int
    end: int
    kind: Kind
    path: str
    count: int
    size_bytes: int
    rss_bytes: int | None
    pss_bytes: int | None
    parts: Parts | None


class Gap(Struct, frozen=True, gc=False, tag=True):
    """Addresses that nothing is mapped to."""

    start: int
    end: int

    @property
    def size_bytes(self) -> int:
        """How much of the address space it is."""
        return self.end - self.start


def parts(mapping: Mapping) -> Parts | None:
    """What became of the pages that a mapping asked for; None where the kernel told only its addresses."""
    if mapping.rss_bytes is None:
        return None
    shared = (mapping.shared_bytes or 0) + (mapping.shared_hugetlb_bytes or 0)
    dirty = (mapping.private_dirty_bytes or 0) + (mapping.private_hugetlb_bytes or 0)
    swapped = mapping.swap_bytes or 0
    clean = mapping.private_clean_bytes or 0
    rest = mapping.size_bytes - shared - dirty - clean - swapped
    return Parts(dirty, clean, shared, swapped, max(0, rest))


def stretches(mappings: Sequence[Mapping]) -> tuple[Stretch | Gap, ...]:
    """The address space from low to high: stretches, and between them the gaps that are worth a name."""
    found: list[Stretch | Gap] = []
    run: list[Mapping] = []

    def close() -> None:
        if run:
            found.append(_stretch(run))
            run.clear()

    for each in mappings:
        if run:
            last = run[-1]
            empty = each.start - last.end
            if empty >= _WORTH_NAMING:
                close()
                found.append(Gap(last.end, each.start))
            elif not _together(last, each):
                close()
        run.append(each)
    close()
    return tuple(found)


def _together(one: Mapping, other: Mapping) -> bool:
    if one.path and one.path == other.path:
        return True
    program = (Kind.TEXT, Kind.DATA)
    return one.kind is other.kind and (one.path == other.path or one.kind in program)


def _stretch(run: Sequence[Mapping]) -> Stretch:
    told = [each for each in map(parts, run) if each is not None]
    largest = max(run, key=lambda each: each.size_bytes)
    kinds = {each.kind for each in run}
    return Stretch(
        start=run[0].start,
        end=run[-1].end,
        kind=Kind.TEXT if Kind.TEXT in kinds else largest.kind,
        path=run[0].path or largest.path,
        count=len(run),
        size_bytes=sum(each.size_bytes for each in run),
        rss_bytes=sum(each.rss_bytes or 0 for each in run) if told else None,
        pss_bytes=sum(each.pss_bytes or 0 for each in run) if told else None,
        parts=_added(told) if told else None,
    )


def _added(several: Sequence[Parts]) -> Parts:
    return Parts(
        sum(each.dirty_bytes for each in several),
        sum(each.clean_bytes for each in several),
        sum(each.shared_bytes for each in several),
        sum(each.swapped_bytes for each in several),
        sum(each.untouched_bytes for each in several),
    )


def folded(places: Sequence[Stretch | Gap], most: int) -> tuple[Stretch | Gap, ...]:
    """At most `most` places: the smallest neighbouring stretches become one until they fit. Gaps that would stand
    inside such a one are folded into it."""
    result = list(places)
    while len(result) > max(1, most):
        spans = len(result) - max(1, most)
        merged: list[Stretch | Gap] = []
        # Halve what is smallest in one go: with 60,000 mappings, one at a time would never end.
        weights = sorted(
            (_weight(result[i]) + _weight(result[i + 1]), i) for i in range(len(result) - 1) if _joinable(result, i)
        )
        if not weights:
            weights = sorted((_weight(result[i]) + _weight(result[i + 1]), i) for i in range(len(result) - 1))
        chosen: set[int] = set()
        for _, i in weights:
            if len(chosen) >= spans:
                break
            if i - 1 not in chosen and i + 1 not in chosen:
                chosen.add(i)
        i = 0
        while i < len(result):
            if i in chosen:
                merged.append(_merged(result[i], result[i + 1]))
                i += 2
            else:
                merged.append(result[i])
                i += 1
        result = merged
    return tuple(result)


def _weight(place: Stretch | Gap) -> float:
    return length(place.size_bytes) if isinstance(place, Stretch) else 4.0


def _joinable(places: Sequence[Stretch | Gap], i: int) -> bool:
    return isinstance(places[i], Stretch) and isinstance(places[i + 1], Stretch)


def _merged(one: Stretch | Gap, other: Stretch | Gap) -> Stretch | Gap:
    both = [each for each in (one, other) if isinstance(each, Stretch)]
    if not both:
        return Gap(one.start, other.end)
    large = max(both, key=lambda each: each.size_bytes)
    told = [each.parts for each in both if each.parts is not None]
    return Stretch(
        start=one.start,
        end=other.end,
        kind=large.kind,
        path=large.path,
        count=sum(each.count for each in both),
        size_bytes=sum(each.size_bytes for each in both),
        rss_bytes=sum(each.rss_bytes or 0 for each in both) if told else None,
        pss_bytes=sum(each.pss_bytes or 0 for each in both) if told else None,
        parts=_added(told) if told else None,
    )


def length(size_bytes: int) -> float:
    """How long a size is drawn: 1 for a page, one more for every doubling."""
    return 1.0 + math.log2(max(size_bytes, _PAGE) / _PAGE)


def share(weights: Sequence[float], cells: int) -> list[int]:
    """`cells` shared out in proportion to `weights` (largest remainders); whatever is not 0 gets one, if they last."""
    total = sum(weights)
    if cells <= 0 or total <= 0:
        return [0] * len(weights)
    exact = [weight * cells / total for weight in weights]
    given = [max(1, int(part)) if weight > 0 else 0 for part, weight in zip(exact, weights, strict=True)]
    spare = cells - sum(given)
    if spare >= 0:
        order = sorted(range(len(exact)), key=lambda i: int(exact[i]) - exact[i] if exact[i] >= 1 else 0.0)
        for i in order[:spare]:
            given[i] += 1
        return given
    # Too many small ones: take from the largest, then drop the smallest.
    for _ in range(-spare):
        largest = max(range(len(given)), key=lambda i: (given[i], exact[i]))
        if given[largest] > 1:
            given[largest] -= 1
        else:
            smallest = min((i for i in range(len(given)) if given[i]), key=lambda i: exact[i])
            given[smallest] = 0
    return given
