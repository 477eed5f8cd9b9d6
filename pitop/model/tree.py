"""A forest flattened to lines: who stands under whom, folded where a person folded it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Sequence
from operator import attrgetter, eq
from typing import NamedTuple, Protocol, TypeVar

__all__ = ["Forest", "Guides", "Member", "descendants", "flatten", "with_ancestors"]


class Member(Protocol):
    """What has a place in the forest."""

    @property
    def key(self) -> Hashable:
        """Its identity."""

    @property
    def pid(self) -> int:
        """What its children name as their parent."""

    @property
    def ppid(self) -> int:
        """Its parent's pid; one that is not there makes it a root."""


M = TypeVar("M", bound=Member)
_PID, _PPID = attrgetter("pid"), attrgetter("ppid")


class Guides(Protocol):
    """What the lines between parent and child are drawn with, each of the same width."""

    @property
    def branch(self) -> str:
        """Before a child that has siblings below it."""

    @property
    def last(self) -> str:
        """Before the last child."""

    @property
    def pipe(self) -> str:
        """Beneath a branch."""

    @property
    def blank(self) -> str:
        """Beneath a last child."""


class Forest(NamedTuple):
    """The lines of a flattened forest, as columns, since there may be thousands and they are made anew often.

    Of each line: its row's place in the rows, its guides, its depth. `folded` gives, by line, the places of the rows
    that are folded away under it.
    """

    places: list[int]
    prefixes: list[str]
    depths: list[int]
    folded: dict[int, tuple[int, ...]]


def _children(rows: Sequence[M]) -> tuple[list[int], dict[int, list[int]], list[int]]:
    """Places of the roots, the places of the children of every pid, in the order of the rows, and all pids."""
    pids, parents = list(map(_PID, rows)), list(map(_PPID, rows))
    children: defaultdict[int, list[int]] = defaultdict(list)
    for index, parent in enumerate(parents):
        children[parent].append(index)
    roots: list[int] = []
    for parent in children.keys() - set(pids):
        roots += children.pop(parent)
    if any(map(eq, pids, parents)):  # its own parent, as only a fault would have it
        for index in [index for index, pid in enumerate(pids) if pid == parents[index]]:
            roots.append(index)
            children[pids[index]].remove(index)
    return sorted(roots), {parent: under for parent, under in children.items() if under}, pids


def flatten(
    rows: Sequence[M],
    guides: Guides,
    folded: Container[Hashable] = frozenset(),
    *,
    total: Callable[[M], float] | None = None,
    falling: bool = True,
) -> Forest:
    """The lines of the forest, parents before children.

    Siblings keep the order of the rows, or are ordered by the sum of `total` over their subtree. Rows that name each
    other as parent in a circle (pids that were reused between two reads) are shown as roots: no row is lost.
    """
    roots, children, pids = _children(rows)
    if total is not None:
        _order(rows, roots, children, total, falling)
    forest = Forest([], [], [], {})
    placed = bytearray(len(rows))
    _grow(forest, rows, pids, children, roots, placed, guides, folded)
    if len(forest.places) + sum(map(len, forest.folded.values())) < len(rows):
        for index in range(len(rows)):
            if not placed[index]:
                _grow(forest, rows, pids, children, [index], placed, guides, folded)
    return forest


def _grow(
    forest: Forest,
    rows: Sequence[M],
    pids: Sequence[int],
    children: dict[int, list[int]],
    roots: Sequence[int],
    placed: bytearray,
    guides: Guides,
    folded: Container[Hashable],
) -> None:
    """Add the lines of the subtrees of `roots`. Siblings share their guides, so a leaf costs three appends."""
    places, prefixes, depths = forest.places, forest.prefixes, forest.depths
    branch, last, pipe, blank = guides.branch, guides.last, guides.pipe, guides.blank
    # Of each open generation: an iterator over its siblings, the last of them, the guides before a sibling and before
    # the last, and those beneath them.
    stack = [(iter(roots), -1, "", "", "", "")]
    while stack:
        siblings, final, before, before_final, beneath, beneath_final = stack[-1]
        for index in siblings:
            if placed[index]:
                continue
            placed[index] = 1
            places.append(index)
            prefixes.append(before_final if index == final else before)
            depths.append(len(stack) - 1)
            under = children.get(pids[index])
            if under is None:
                continue
            if rows[index].key in folded:
                forest.folded[len(places) - 1] = _hide(pids, children, under, placed)
                continue
            below = beneath_final if index == final else beneath
            stack.append((iter(under), under[-1], below + branch, below + last, below + pipe, below + blank))
            break
        else:
            stack.pop()


def _hide(pids: Sequence[int], children: dict[int, list[int]], under: list[int], placed: bytearray) -> tuple[int, ...]:
    hidden: list[int] = []
    stack = list(under)
    while stack:
        index = stack.pop()
        if placed[index]:
            continue
        placed[index] = 1
        hidden.append(index)
        stack.extend(children.get(pids[index], ()))
    return tuple(hidden)


def _order(
    rows: Sequence[M], roots: list[int], children: dict[int, list[int]], total: Callable[[M], float], falling: bool
) -> None:
    """Order all siblings by the sum over their subtrees; ties keep the order of the rows."""
    sums = [total(row) for row in rows]
    walk: list[int] = list(roots)
    for index in walk:  # grows while it is walked: parents before children
        walk.extend(children.get(rows[index].pid, ()))
        if len(walk) > len(rows):
            break
    for index in reversed(walk):
        under = children.get(rows[index].pid)
        if under:
            sums[index] += sum(sums[child] for child in under)
            under.sort(key=sums.__getitem__, reverse=falling)
    roots.sort(key=sums.__getitem__, reverse=falling)


def descendants(rows: Sequence[M], root: M) -> list[M]:
    """`root` and everything under it, in the order of the rows."""
    _, children, _ = _children(rows)
    found = {root.key}
    stack = list(children.get(root.pid, ()))
    while stack:
        index = stack.pop()
        row = rows[index]
        if row.key not in found:
            found.add(row.key)
            stack.extend(children.get(row.pid, ()))
    return [row for row in rows if row.key in found]


def with_ancestors(rows: Sequence[M], chosen: Callable[[M], bool]) -> tuple[list[M], set[Hashable]]:
    """The rows that are chosen and all their ancestors, and the keys of those that are only ancestors."""
    by_pid = {row.pid: row for row in rows}
    kept: dict[Hashable, bool] = {}
    for row in rows:
        if not chosen(row):
            continue
        kept[row.key] = True
        above = by_pid.get(row.ppid)
        while above is not None and above.key not in kept:
            kept[above.key] = False
            above = by_pid.get(above.ppid)
    return [row for row in rows if row.key in kept], {key for key, own in kept.items() if not own}
