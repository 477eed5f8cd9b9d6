"""The signal menu: TERM first, searched by number, name or meaning; and the second question where one is due."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping, Sequence

from textual.app import App

from pitop.model.signals import SendSignal, ancestors, cautions, signal_named, signals_matching
from pitop.model.target import Target
from pitop.render.field import Tone
from pitop.tui.widgets.choice import Choice, Item, Menu
from pitop.tui.widgets.confirm import Confirm
from pitop.tui.widgets.notice import Phrase

__all__ = ["SignalChoice", "ask_signal"]

_NAMED_AT_MOST = 12  # targets that the question names


def _items(text: str) -> list[Item]:
    return [
        Item(each.number, f"{each.number:>2} {each.name}", f"{each.words} · {each.effect.value}")
        for each in signals_matching(text)
    ]


class _SignalMenu(Menu):
    """Searched as signals are named: an exact number or name comes first."""

    def type(self, text: str) -> None:
        """Show the signals that `text` means."""
        self.typed = text
        self.shown = _items(text)
        self.place = 0
        self.refresh()


class SignalChoice(Choice):
    """Asks which signal; dismissed with its number."""

    def __init__(self, title: str) -> None:
        items = _items("")
        super().__init__(title, items)
        self.menu = _SignalMenu(items)


def ask_signal(
    app: App[None],
    targets: Sequence[Target],
    parents: Mapping[int, int],
    send: Callable[[SendSignal], None],
) -> None:
    """Ask which signal `targets` shall get, ask again where that is dangerous, then `send`.

    `parents` gives every pid's parent, so that pitop's own ancestors are known.
    """
    if not targets:
        return
    first = targets[0]
    whom = f"{first.name} ({first.pid})" if len(targets) == 1 else f"{len(targets)} processes"

    def chosen(answer: Hashable) -> None:
        if isinstance(answer, int):
            _sure(app, targets, parents, answer, whom, send)

    app.push_screen(SignalChoice(f"Signal to {whom}"), chosen)


def _sure(
    app: App[None],
    targets: Sequence[Target],
    parents: Mapping[int, int],
    number: int,
    whom: str,
    send: Callable[[SendSignal], None],
) -> None:
    action = SendSignal(tuple(targets), number)
    why = cautions(targets, number, ancestors(parents, os.getpid()))
    if not why:
        send(action)
        return
    lines: list[list[Phrase]] = [[(each, Tone.WARN)] for each in why]
    lines.append([])
    lines += [[(f"{each.pid:>8} ", Tone.FAINT), (each.name, Tone.PLAIN)] for each in targets[:_NAMED_AT_MOST]]
    if len(targets) > _NAMED_AT_MOST:
        lines.append([(f"         and {len(targets) - _NAMED_AT_MOST} more", Tone.FAINT)])

    def answered(yes: bool | None) -> None:
        if yes:
            send(action)

    known = signal_named(str(number))
    app.push_screen(Confirm(f"Send {known.name if known else number} to {whom}?", lines), answered)
