"""The ways to look at sockets: as a list, summed up, counted, or as what is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pitop.model.leads import Party, Sort, Subject
from pitop.model.scope import Scope, of_host, of_port, of_process
from pitop.model.sockets import (
    Group,
    Opening,
    Socket,
    by_local_port,
    by_process,
    by_remote_address,
    by_state,
    openings,
)
from pitop.render.field import Field
from pitop.render.sockets import COLUMNS, FIELDS, GROUP_FIELDS, OPENING_FIELDS, STATE_FIELDS

__all__ = ["VIEWS", "View", "followed", "subject_of_group"]


class View(NamedTuple):
    """One way to look: its fields and order, the rows that it makes of sockets, and which sockets a row stands for."""

    label: str
    words: str
    fields: Sequence[Field[Any]]
    columns: Sequence[str]
    order: tuple[str, bool]
    rows: Callable[[Sequence[Socket]], Sequence[Any]]
    row_word: str


def _keys(fields: Sequence[Field[Any]]) -> tuple[str, ...]:
    return tuple(each.key for each in fields)


VIEWS: dict[str, View] = {
    "list": View(
        "All sockets", "one line a socket", FIELDS, COLUMNS, ("received_bytes_per_second", True), lambda rows: rows,
        "sockets",
    ),
    "process": View(
        "By process", "what each process has open, and its traffic", GROUP_FIELDS, _keys(GROUP_FIELDS), ("count", True),
        by_process, "processes",
    ),
    "remote": View(
        "By remote address", "who is talked to", GROUP_FIELDS, _keys(GROUP_FIELDS), ("count", True), by_remote_address,
        "addresses",
    ),
    "port": View(
        "By port", "listeners and the connections through them", GROUP_FIELDS, _keys(GROUP_FIELDS), ("count", True),
        by_local_port, "ports",
    ),
    "state": View(
        "By state", "how many are in which state, and what that means", STATE_FIELDS, _keys(STATE_FIELDS),
        ("count", True), by_state, "states",
    ),
    "open": View(
        "What is open here", "listening ports, and from where they can be reached", OPENING_FIELDS,
        _keys(OPENING_FIELDS), ("local_port", False), openings, "open ports",
    ),
}  # fmt: skip


def followed(view: str, row: Any) -> Scope | None:
    """What a group of sockets would have all panes follow."""
    if isinstance(row, Opening):
        return of_port(row.port)
    if not isinstance(row, Group):
        return None
    owner = next((owner for each in row.sockets for owner in each.owners if owner.key == row.key), None)
    if view == "process" and owner is not None and owner.key is not None:
        return of_process(owner.key, owner.name)
    if view == "remote":
        return of_host(str(row.key))
    return of_port(row.key[1]) if view == "port" else None


def subject_of_group(view: str, row: Any) -> Subject | None:
    """What a group of sockets is, as far as that leads anywhere."""
    scope = followed(view, row)
    if scope is None:
        return None
    if scope.process is not None:
        pid, start = scope.process
        name = next(owner.name for each in row.sockets for owner in each.owners if owner.key == scope.process)
        return Subject(sort=Sort.SOCKET, process=Party(pid, name, start))
    if scope.address is not None:
        return Subject(sort=Sort.MACHINE, addresses=(scope.address,))
    return Subject(sort=Sort.PORT, port=scope.port)
