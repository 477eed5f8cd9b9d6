"""Sockets that closed lately, with what they last were."""

from __future__ import annotations

from msgspec.structs import replace

from pitop.model.sockets import Endpoint, EndpointKey, Socket

__all__ = ["Closed"]

_KEPT = 20.0  # seconds
_MOST = 4000


class Closed:
    """Remembers closed sockets for a while, each once, the newest last."""

    def __init__(self) -> None:
        self._rows: dict[EndpointKey, Socket] = {}

    def __contains__(self, key: EndpointKey) -> bool:
        return key in self._rows

    def get(self, key: EndpointKey) -> Socket | None:
        """What is remembered of a closed socket."""
        return self._rows.get(key)

    def report(self, final: Endpoint, last: Socket | None, now: float) -> None:
        """The kernel reported a close: `final` has the last counters, `last` what was known before, if anything."""
        known = self._rows.get(final.key)
        base = known if known is not None else last
        if base is None:
            self._rows[final.key] = Socket(replace(final, state="CLOSE"), closed_time=now)
            return
        before = base.endpoint
        end = replace(
            before,
            state="CLOSE",
            receive_queue=final.receive_queue,
            send_queue=final.send_queue,
            timer="",
            timer_time=None,
            tcp=final.tcp if final.tcp is not None else before.tcp,
        )
        when = known.closed_time if known is not None else now
        self._rows[final.key] = _ended(base, end, when or now)

    def miss(self, last: Socket, now: float) -> None:
        """A socket is not there any more, and nobody reported it."""
        if last.key not in self._rows:
            self._rows[last.key] = _ended(last, replace(last.endpoint, state="CLOSE", timer="", timer_time=None), now)

    def newest(self, now: float) -> tuple[Socket, ...]:
        """Those of the last seconds, newest first."""
        rows = self._rows
        while rows:
            key = next(iter(rows))
            if len(rows) <= _MOST and now - (rows[key].closed_time or 0.0) < _KEPT:
                break
            del rows[key]
        return tuple(reversed(rows.values()))


def _ended(last: Socket, end: Endpoint, now: float) -> Socket:
    return replace(
        last, endpoint=end, received_bytes_per_second=None, sent_bytes_per_second=None, history=(), closed_time=now
    )
