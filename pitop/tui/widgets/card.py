"""The inspector's network card: listens to sockets and traffic from when it is first looked at."""

from __future__ import annotations

from textual.message_pump import MessagePump

from pitop.collect.source import Source
from pitop.collect.topics import SOCKETS, TALKS, TRAFFIC
from pitop.model.processes import ProcessKey
from pitop.model.snapshot import Failure, Missing
from pitop.model.sockets import SocketsSnapshot
from pitop.model.traffic import TrafficSnapshot
from pitop.model.traffic.card import network_card
from pitop.model.traffic.talks import TalksSnapshot
from pitop.render.inspection import Part
from pitop.render.inspection.network import network_part
from pitop.tui.feed import Feed

__all__ = ["NetworkCard"]


class NetworkCard:
    """Feeds that tell `owner` when there is something new, and the part that is made of it."""

    def __init__(self, owner: MessagePump, process: ProcessKey) -> None:
        self._process = process
        self._sockets = Feed(owner, SOCKETS)
        self._traffic = Feed(owner, TRAFFIC)
        self._talks = Feed(owner, TALKS)
        self._held: SocketsSnapshot | None = None
        self._seen: TrafficSnapshot | None = None
        self._table: TalksSnapshot | None = None
        self._failures: dict[str, Failure] = {}
        self.part: Part = network_part(None)

    def open(self, source: Source) -> None:
        """Listen from now on."""
        for feed in (self._sockets, self._traffic, self._talks):
            feed.open(source)

    def close(self) -> None:
        """Listen no more."""
        for feed in (self._sockets, self._traffic, self._talks):
            feed.close()

    def catch_up(self) -> bool:
        """Take in what has come; whether the part is another one now."""
        news = [feed.take() for feed in (self._sockets, self._traffic, self._talks)]
        for each in news:
            match each:
                case SocketsSnapshot():
                    self._held = each
                case TrafficSnapshot():
                    self._seen = each
                case TalksSnapshot():
                    self._table = each
                case Failure():
                    self._failures[each.topic] = each
        if not any(news):
            return False
        missing = [Missing(each.topic, each.message, each.advice) for each in self._failures.values()]
        if self._table is not None:
            card = network_card(self._process, self._table.rows, self._held, self._seen)
            self.part = network_part(card, [*missing, *self._table.missing])
        elif missing:
            self.part = network_part(None, missing)
        return True
