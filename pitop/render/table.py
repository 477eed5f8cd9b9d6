"""A plain text table, as `ps` and `ss` print them: columns as wide as their content, the last one free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from pitop.render.field import Field
from pitop.render.text import cells, fit

__all__ = ["text_table"]

R = TypeVar("R")


def text_table(fields: Sequence[Field[R]], rows: Iterable[R], width: int | None = None) -> list[str]:
    """The title line and one line a row, columns one space apart, cut at `width` where one is given."""
    body = [[each.text(row) for each in fields] for row in rows]
    sizes = [max([cells(each.title), *(cells(line[i]) for line in body)]) for i, each in enumerate(fields)]
    lines = []
    for line in ([each.title for each in fields], *body):
        text = " ".join(
            fit(cell, size, right=each.right) for cell, size, each in zip(line, sizes, fields, strict=True)
        ).rstrip()
        lines.append(text if width is None else fit(text, width).rstrip())
    return lines
