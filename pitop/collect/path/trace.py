"""The trace topic: round after round over the way to one machine."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from contextlib import closing

from msgspec import Struct

from pitop.collect.collector import Unavailable
from pitop.collect.path.names import Names
from pitop.collect.path.rounds import Rounds
from pitop.kernel.path.channels import NotPermitted
from pitop.kernel.path.mtu import mtu_steps
from pitop.kernel.path.names import address_of
from pitop.kernel.path.tracer import Tracer
from pitop.model.path.snapshot import TraceRequest, TraceSnapshot

__all__ = ["TraceCollector", "opened"]

_MTU_EVERY = 120.0  # seconds between looks at the path MTU


def opened(address: str, request: TraceRequest) -> Tracer:
    """A tracer for the request. Raises Unavailable, OSError.

    For "" it uses ICMP where permitted and UDP otherwise; with several flows UDP, since many routers (Linux among them)
    do not tell one flow of ICMP from another.
    """
    method = request.method or ("icmp" if request.flows == 1 else "udp")
    try:
        return Tracer(address, method, request.port, request.size, request.flows, request.timeout)
    except NotPermitted as error:
        if not request.method:
            return Tracer(address, "udp", request.port, request.size, request.flows, request.timeout)
        advice = f"Trace with --udp or --tcp, which need no rights. {error.advice}"
        raise Unavailable(error.strerror or str(error), advice) from error


class _Engine(threading.Thread):
    """Traces on a thread of its own until told to end."""

    def __init__(self, request: TraceRequest) -> None:
        super().__init__(name="trace", daemon=True)
        self.request = request
        self.address: str | None = None
        self.method = request.method
        self.trouble = ""
        self.failure: Exception | None = None
        self.mtus: dict[int, int] = {}
        self.mtu: int | None = None
        self._rounds: Rounds | None = None
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self._names = Names()

    def run(self) -> None:
        try:
            self._trace()
        except OSError as error:
            self.trouble = error.strerror or str(error)
        except Exception as error:  # told to whoever collects
            self.failure = error

    def _trace(self) -> None:
        self.address = address_of(self.request.target, self.request.family)
        with closing(opened(self.address, self.request)) as tracer:
            self.method = tracer.method
            threading.Thread(target=self._look_at_mtu, name="mtu", daemon=True).start()
            rounds = Rounds(tracer, self.request.max_hops, self.request.interval)
            with self._guard:
                self._rounds = rounds
            for _ in rounds.run(stop=self._ended.is_set):
                pass

    def _look_at_mtu(self) -> None:
        while not self._ended.is_set():
            found: dict[int, int] = {}
            last = None
            try:
                for step in mtu_steps(str(self.address), self.request.max_hops):
                    last = step.mtu
                    if step.ttl:
                        found[step.ttl] = step.mtu
                    if self._ended.is_set():
                        return
            except OSError:
                last = None
            self.mtus, self.mtu = found, last
            self._ended.wait(_MTU_EVERY)

    def snapshot(self) -> TraceSnapshot:
        if self.failure is not None:
            raise self.failure
        with self._guard:
            rounds = self._rounds
        hops = rounds.hops(self._names.get, self.mtus) if rounds is not None else ()
        return TraceSnapshot(
            time=time.time(),
            host=os.uname().nodename,
            rows=hops,
            request=self.request,
            address=self.address,
            method=self.method,
            rounds=rounds.finished if rounds is not None else 0,
            reached=rounds is not None and rounds.reached,
            trouble=self.trouble,
            mtu=self.mtu,
        )

    def end(self) -> None:
        self._ended.set()
        self._names.close()


class TraceCollector:
    """Snapshots of the way that the last TraceRequest asked for."""

    every: float | None = None

    def __init__(self) -> None:
        self._engine: _Engine | None = None

    def collect(self) -> TraceSnapshot:
        """What is known of the way. Raises Unavailable where such probes may not be sent."""
        if self._engine is not None:
            return self._engine.snapshot()
        return TraceSnapshot(
            time=time.time(),
            host=os.uname().nodename,
            rows=(),
            request=TraceRequest(target=""),
            address=None,
            method="",
            rounds=0,
            reached=False,
            trouble="",
            mtu=None,
        )

    def ask(self, request: Struct) -> None:
        """Begin anew with a TraceRequest, an empty target for none; the same again changes nothing."""
        if not isinstance(request, TraceRequest):
            return
        if self._engine is not None and self._engine.request == request:
            return
        self.close()
        if request.target:
            self._engine = _Engine(request)
            self._engine.start()

    def descriptors(self) -> Sequence[int]:
        """None: snapshots follow the interval."""
        return ()

    def close(self) -> None:
        """End the engine."""
        if self._engine is not None:
            self._engine.end()
            self._engine.join(0.2)
            self._engine = None
