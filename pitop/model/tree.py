"""A forest flattened to lines: who stands under whom, folded where a person folded it."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Sequence
from typing import NamedTuple, Protocol, TypeVar

__all__ = ["Guides", "Line", "Member", "descendants", "flatten", "with_ancestors"]


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


class Line(NamedTuple):
    """One line: the member's place in the rows, its guides, its depth, the places of those folded away under it, and
    whether it has children at all."""

    place: int
    prefix: str
    depth: int
    folded: tuple[int, ...]
    parent: bool


def _children(rows: Sequence[M]) -> tuple[list[int], dict[int, list[int]]]:
    """Places of the roots, and the places of the children of every pid, in the order of the rows."""
    pids = {row.pid for row in rows}
    roots: list[int] = []
    children: dict[int, list[int]] = {}
    for index, row in enumerate(rows):
        parent = row.ppid
        if parent in pids and parent != row.pid:
            siblings = children.get(parent)
            if siblings is None:
                children[parent] = [index]
            else:
                siblings.append(index)
        else:
            roots.append(index)
    return roots, children


def flatten(
    rows: Sequence[M],
    guides: Guides,
    folded: Container[Hashable] = frozenset(),
    *,
    total: Callable[[M], float] | None = None,
    falling: bool = True,
) -> list[Line]:
    """The lines of the forest, parents before children.

    Siblings keep the order of the rows, or are ordered by the sum of `total` over their subtree. Rows that name each
    other as parent in a circle (pids that were reused between two reads) are shown as roots: no row is lost.
    """
    roots, children = _children(rows)
    if total is not None:
        _order(rows, roots, children, total, falling)
    lines: list[Line] = []
    placed = [False] * len(rows)

    def grow(starts: Sequence[int]) -> None:
        stack = [(start, "", "", 0) for start in reversed(starts)]
        while stack:
            index, prefix, below, depth = stack.pop()
            if placed[index]:
                continue
            placed[index] = True
            row = rows[index]
            under = children.get(row.pid)
            if not under:
                lines.append(Line(index, prefix, depth, (), False))
                continue
            if row.key in folded:
                hidden = _hide(rows, children, under, placed)
                lines.append(Line(index, prefix, depth, hidden, True))
                continue
            lines.append(Line(index, prefix, depth, (), True))
            last = under[-1]
            for child in reversed(under):
                if child == last:
                    stack.append((child, below + guides.last, below + guides.blank, depth + 1))
                else:
                    stack.append((child, below + guides.branch, below + guides.pipe, depth + 1))

    grow(roots)
    if len(lines) < len(rows):
        for index in range(len(rows)):
            if not placed[index]:
                grow([index])
    return lines


def _hide(rows: Sequence[M], children: dict[int, list[int]], under: list[int], placed: list[bool]) -> tuple[int, ...]:
    hidden: list[int] = []
    stack = list(under)
    while stack:
        index = stack.pop()
        if placed[index]:
            continue
        placed[index] = True
        hidden.append(index)
        stack.extend(children.get(rows[index].pid, ()))
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
    _, children = _children(rows)
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
