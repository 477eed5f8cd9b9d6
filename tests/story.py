"""Drives pitop by keys in a network of its own: `python -m tests.story ADDRESS PORT NAME`, and tells what it saw.

A script's child looks NAME up, fetches what the server at PORT gives, and exits. Then one goes from the child's row,
by now dimmed, through the panes with the key that goes on from a row. What is seen is printed as one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

from pitop.collect.live import LiveSource
from pitop.collect.topics import TIMELINE, TRAFFIC
from pitop.model.traffic import TrafficSnapshot
from pitop.tui.app import PitopApp
from pitop.tui.settings import Settings
from pitop.tui.widgets.choice import Choice

_CHILD = """
import socket, sys, time
name, port = sys.argv[1], int(sys.argv[2])
address = socket.getaddrinfo(name, port, socket.AF_INET, socket.SOCK_STREAM)[0][4]
own = socket.create_connection(address)
own.sendall(b"all of it, please")
got = 0
while data := own.recv(65536):
    got += len(data)
own.close()
time.sleep(1.5)  # long enough to be seen alive once
"""
_SCRIPT = '"$0" -c "$1" "$2" "$3" & echo $!; wait $!'
_LONG = 30.0


class Story:
    """The app, its keys, and what is waited for."""

    def __init__(self, app: PitopApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Let it run until something is so."""
        limit = time.monotonic() + _LONG
        while not holds():
            if time.monotonic() > limit:
                raise AssertionError(f"not seen: {what}; pane {self.app.pane.stem}, {len(self.rows())} rows")
            await asyncio.sleep(0.05)

    def rows(self) -> list[Any]:
        """What the table of the pane that is seen shows."""
        front: Any = self.app.pane.front
        return list(front.table.rows)

    async def go(self, label: str) -> None:
        """From the selected row to the place of that label."""
        await self.pilot.press("G")
        await self.until(lambda: isinstance(self.app.screen, Choice), "the list of places")
        await self.pilot.press(*label.lower(), "enter")
        await self.until(lambda: not isinstance(self.app.screen, Choice), f"the place {label}")

    async def select(self, holds: Callable[[Any], bool], what: str) -> Any:
        """Stand on the first row of which that is so, once it is there."""
        await self.until(lambda: any(map(holds, self.rows())), what)
        front: Any = self.app.pane.front
        row = next(filter(holds, self.rows()))
        front.table.aim(front.key(row) if hasattr(front, "key") else row.key)
        return row

    async def back(self, stem: str) -> None:
        """One step back, to that pane."""
        await self.pilot.press("left_square_bracket")
        await self.until(lambda: self.app.pane.stem == stem, f"{stem} again")


async def told(name: str, port: str) -> dict[str, Any]:
    """Everything that was seen."""
    seen: dict[str, Any] = {}
    source = LiveSource(0.5)
    app = PitopApp(source, Settings(glyphs="block"), pane="packets")
    captures: list[bool] = []
    source.subscribe(TRAFFIC, lambda new: captures.append(isinstance(new, TrafficSnapshot) and new.running))
    source.subscribe(TIMELINE, lambda _: None)
    async with app.run_test(size=(120, 40)) as pilot:
        story = Story(app, pilot)
        await story.until(lambda: any(captures), "the light capture")
        pane: Any = app.pane
        await story.until(lambda: pane._snapshot is not None and pane._snapshot.running, "the capture")
        await pilot.press("1")
        words = ["sh", "-c", _SCRIPT, sys.executable, _CHILD, name, port]
        script = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
        assert script.stdout is not None
        pid = int(await script.stdout.readline())
        await script.wait()
        row = await story.select(lambda each: each.pid == pid and each.ended_time is not None, "the child's dimmed row")
        seen["pid"], seen["ended"] = pid, True
        key = row.key

        await story.go("Sockets")
        closed = await story.select(lambda each: each.endpoint.remote_port == int(port), "its closed connection")
        seen["sockets"] = [each.endpoint.remote_address for each in story.rows()]
        seen["received"], seen["sent"] = closed.endpoint.tcp.bytes_received, closed.endpoint.tcp.bytes_sent
        seen["scope"] = app.followed is not None and app.followed.process == key
        await story.go("Trace")
        await story.until(lambda: app.pane.stem == "path" and bool(story.rows()), "the way there")
        seen["way"] = [each.address for each in story.rows()]
        await story.back("sockets")
        await story.back("processes")
        await story.select(lambda each: each.key == key, "the child's row")

        await story.go("Packets")
        await story.until(lambda: app.pane.stem == "packets" and len(story.rows()) > 5, "its packets")
        pane = app.pane
        await story.until(lambda: pane._snapshot.status.lag == 0 and bool(pane._snapshot.filter), "all of them")
        packets = [each for each in pane._snapshot.rows if each.number]
        seen["packets"] = sorted({each.process for each in packets})
        seen["port"] = any(int(port) in (each.source_port, each.destination_port) for each in packets)
        await story.back("processes")

        await story.select(lambda each: each.key == key, "the child's row")
        await story.go("Names")
        query = await story.select(lambda each: getattr(each, "name", "").rstrip(".") == name, "the name that it asked")
        seen["asked"] = [query.name.rstrip("."), query.type, query.pid, query.data]
        await story.back("processes")

        await story.select(lambda each: each.key == key, "the child's row")
        await story.go("Timeline")
        await story.until(lambda: {each.kind.value for each in story.rows()} >= {"closed", "ended"}, "the timeline")
        seen["timeline"] = [each.kind.value for each in reversed(story.rows())]
        seen["only"] = sorted({each.pid for each in story.rows()})
    return seen


if __name__ == "__main__":
    print(json.dumps(asyncio.run(told(sys.argv[1], sys.argv[2]))))
