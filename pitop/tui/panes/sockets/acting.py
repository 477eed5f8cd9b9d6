"""What can be done to sockets and to those who have them: closing, signals."""

from __future__ import annotations

from abc import abstractmethod
from itertools import pairwise
from typing import Any, ClassVar

from textual.binding import BindingType

from pitop.model.sockets import CloseSocket, Socket, SocketsSnapshot
from pitop.model.target import Target
from pitop.render.field import Tone
from pitop.render.sockets import address_port
from pitop.tui.keys import key
from pitop.tui.tablepane import TablePane
from pitop.tui.widgets.notice import Phrase

__all__ = ["ActingSocketsPane"]


class ActingSocketsPane(TablePane[Any]):
    """A table of sockets that can be acted on: the tagged ones, or else the selected one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key(
            "sockets.close", "X,delete", "close", "Close", "Close the socket, whoever has it", footer=True, display="X"
        ),
        key("sockets.signal", "k,f9", "signal", "Signal", "Choose a signal for the process", footer=True, display="k"),
    ]

    @property
    @abstractmethod
    def snapshot(self) -> SocketsSnapshot | None:
        """What is shown now."""

    @property
    @abstractmethod
    def view(self) -> str:
        """The name of the way to look that is in force."""

    def action_close(self) -> None:
        """Ask, and close the tagged sockets, or the selected one; ask once more before one's own SSH session goes."""
        from pitop.tui.widgets.confirm import Confirm

        rows = [row for row in self._chosen() if row.closed_time is None]
        snapshot = self.snapshot
        if not rows or snapshot is None:
            self.app.notify("Select a socket of the list that is open.", timeout=3)
            return
        lines: list[list[Phrase]] = [
            [(_ends(row), Tone.PLAIN), (f"  {_holders(row)}", Tone.FAINT)] for row in rows[:10]
        ]
        if len(rows) > len(lines):
            lines.append([(f"and {len(rows) - len(lines)} more", Tone.FAINT)])
        lines.append([("The program gets an error, the other side a reset; what is under way is lost.", Tone.FAINT)])
        warned: list[list[Phrase]] = [
            [("This carries the SSH session that you look through: pitop ends with it.", Tone.WARN)]
        ]

        def sure(yes: bool | None) -> None:
            if yes:
                for row in rows:
                    self.act(CloseSocket(row.endpoint))

        def answered(yes: bool | None) -> None:
            if yes and any(row.key in snapshot.own_session for row in rows):
                self.app.push_screen(Confirm("Close your own session?", warned), sure)
            else:
                sure(yes)

        self.app.push_screen(Confirm("Close it?" if len(rows) == 1 else f"Close {len(rows)} sockets?", lines), answered)

    def _chosen(self) -> list[Socket]:
        """The tagged sockets, or the selected one, or those of the selected group."""
        tagged = [row for row in self.table.tags.values() if isinstance(row, Socket)]
        selected = self.table.pin()
        return tagged or ([selected] if isinstance(selected, Socket) else [])

    def action_signal(self) -> None:
        """Choose a signal for the processes that have the tagged sockets, or the selected one or group."""
        from pitop.tui.widgets.signals import ask_signal

        selected = self.table.pin()
        rows = self._chosen() or list(getattr(selected, "sockets", ()))
        owners = {owner.key: owner for row in rows for owner in row.owners}
        if self.view == "process" and not self.table.tags:
            owners = {key: owner for key, owner in owners.items() if selected is not None and key == selected.key}
        targets = [Target(key, owner.name) for key, owner in owners.items() if key is not None]
        if not targets or self.snapshot is None:
            self.app.notify("No process is known to have it.", timeout=3)
            return
        parents = dict(pairwise((*self.snapshot.viewers, 1)))
        ask_signal(self.app, targets, parents, self.act)


def _ends(row: Socket) -> str:
    end = row.endpoint
    local = address_port(end.local_address, end.local_port)
    if end.remote_port is None:
        return f"{end.protocol} {local}"
    return f"{end.protocol} {local} to {address_port(end.remote_address, end.remote_port)}"


def _holders(row: Socket) -> str:
    return ", ".join(f"{owner.name}/{owner.pid}" for owner in row.owners) or row.holder
