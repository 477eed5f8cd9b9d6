"""A topic in the calling thread, for commands: one snapshot, or one every so often."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import TypeVar

from msgspec import Struct

from pitop.collect.topics import Topic
from pitop.model.snapshot import Snapshot

__all__ = ["snapshots"]

S = TypeVar("S", bound=Snapshot)


def snapshots(
    topic: Topic[S], interval: float | None = None, count: int | None = 1, request: Struct | None = None
) -> Iterator[S]:
    """`count` snapshots (None: without end), `interval` seconds apart.

    With an interval a first sample is taken and thrown away, so that every snapshot that is given has rates. Raises
    what the collector raises.
    """
    with closing(topic.open()) as collector:
        if request is not None:
            collector.ask(request)
        if interval is None:
            yield collector.collect()
            return
        collector.collect()
        due = time.monotonic()
        given = 0
        while count is None or given < count:
            due += interval
            time.sleep(max(0.0, due - time.monotonic()))
            yield collector.collect()
            given += 1
