"""Keys in turn: each is handled where the one before it has led.

Textual hands a key to what has the focus when the key arrives. Keys that arrive together, typed ahead or sent by a
slow line as one packet, would all go to the same place, though the first of them opens a prompt: the text meant for
it would be taken as commands. So the app hands on one key at a time, and sends a `Turn` after it by the same way;
when that has come back, everything that the key did has been done.
"""

from __future__ import annotations

from collections import deque

from textual import events
from textual.app import App
from textual.message import Message

__all__ = ["InTurn", "Turn"]

_ROUNDS = 2  # the first follows the key, the second the message that the key caused
_PATIENCE = 0.3  # seconds after which a turn is lost: what it was sent through is gone


class Turn(Message, namespace="keys"):
    """Comes back to the app when what was before it on the way is done."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        super().__init__()


class InTurn(App[None]):
    """An app that takes one key after the other."""

    def __init__(self, *arguments: object, **options: object) -> None:
        self._waiting: deque[events.Key] = deque()
        self._turn: Turn | None = None
        super().__init__(*arguments, **options)  # type: ignore[arg-type]

    @property
    def typing(self) -> bool:
        """Whether a key is still being handled, or waits."""
        return self._turn is not None

    async def on_event(self, event: events.Event) -> None:
        """Let a key wait for the one before it; everything else goes its way."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._turn is None:
            await self._take(event)
        else:
            if not self._waiting:
                self.set_timer(_PATIENCE, lambda lost=self._turn: self._give_up(lost))
            self._waiting.append(event)

    async def _take(self, event: events.Key) -> None:
        self._turn = turn = Turn(_ROUNDS)
        await super().on_event(event)
        self._send(turn)

    def _send(self, turn: Turn) -> None:
        self._turn = turn
        if not (self.focused or self.screen).post_message(turn):
            self.post_message(turn)

    async def on_keys_turn(self, turn: Turn) -> None:
        """The key is done; or has opened something that is still being built."""
        if turn is not self._turn:
            return
        if not all(each.is_mounted for each in (self.screen, *self.screen.query())):
            self.call_after_refresh(self._send, Turn(turn.rounds))
        elif turn.rounds > 1:
            self._send(Turn(turn.rounds - 1))
        else:
            await self._next()

    async def _next(self) -> None:
        self._turn = None
        if self._waiting:
            await self._take(self._waiting.popleft())
            if self._waiting:
                self.set_timer(_PATIENCE, lambda lost=self._turn: self._give_up(lost))

    async def _give_up(self, lost: Turn | None) -> None:
        if lost is not None and lost is self._turn:
            await self._next()
