"""Mutation fuzzing of the packet decoder: `python bench/fuzz_packets.py [--minutes M] CAPTURE_OR_FOLDER…`.

Takes the packets of the captures as seeds, damages, cuts, joins and re-labels them, and decodes each. Fails on the
first exception, on a packet that takes more than half a second, and when memory grows without end.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import resource
import sys
import time
import traceback
from pathlib import Path

from pitop.kernel.packets.reader import CaptureFile, CaptureFileError
from pitop.model.packets.analysis import Analysis
from pitop.model.packets.dissection import SequenceBook
from pitop.model.packets.frame import Frame
from pitop.model.packets.links import LINKS
from pitop.model.packets.row import Row
from pitop.render.packets import packet_text

_SLOW = 0.5  # seconds


def seeds(paths: list[Path]) -> list[Frame]:
    """Every packet of the captures, as far as they can be read."""
    found: list[Frame] = []
    for path in sorted(each for given in paths for each in ([given] if given.is_file() else given.iterdir())):
        with contextlib.suppress(CaptureFileError, OSError), CaptureFile(str(path)) as file:
            for frame in file:
                found.append(frame)  # noqa: PERF402 - what came before the damage is kept
    return [frame for frame in found if frame.data]


def damaged(chance: random.Random, frames: list[Frame]) -> Frame:
    """A packet like none that was sent."""
    frame = chance.choice(frames)
    data = bytearray(frame.data)
    kind = chance.random()
    if kind < 0.15:
        other = chance.choice(frames).data
        at = chance.randrange(len(data))
        data[at:] = other[chance.randrange(len(other)) :]
    if kind < 0.2:
        data *= chance.randint(1, 20)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if data:
            data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0x80, 0xC0, 0xFF, chance.randrange(256)))
    if chance.random() < 0.2:
        del data[chance.randrange(1, len(data) + 1) :]
    link = chance.choice(list(LINKS)) if chance.random() < 0.1 else frame.link
    length = max(len(data), chance.choice((frame.length, len(data), chance.randrange(1, 262144))))
    return Frame(frame.seconds, frame.nanoseconds, link, length, bytes(data[:262144]))


def main() -> int:
    """Fuzz until the time is up."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("captures", nargs="+", type=Path)
    ask.add_argument("--minutes", type=float, default=10)
    ask.add_argument("--seed", type=int, default=None)
    said = ask.parse_args()
    number = said.seed if said.seed is not None else random.randrange(1 << 32)
    chance = random.Random(number)
    frames = seeds(said.captures)
    book, analysis = SequenceBook(1000), Analysis()
    until = time.monotonic() + said.minutes * 60
    count, slowest = 0, 0.0
    print(f"{len(frames)} packets as seeds, random seed {number}", flush=True)
    while time.monotonic() < until:
        frame = damaged(chance, frames)
        began = time.process_time()
        try:
            row = Row(count, frame)
            packet_text(row, book)
            analysis.judge(row.summary, frame.time)
            _ = row.source, row.destination, row.dns_name, row.dns_type, row.http_request, row.tls_server_name, row.info
        except Exception:  # the one thing that is looked for
            traceback.print_exc()
            print(f"link {frame.link} length {frame.length} data {frame.data.hex()}")
            return 1
        took = time.process_time() - began
        slowest = max(slowest, took)
        if took > _SLOW:
            print(f"{took:.2f} s: link {frame.link} length {frame.length} data {frame.data.hex()[:4000]}")
            return 1
        count += 1
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{count} packets, none raised; slowest {slowest * 1000:.1f} ms, memory at most {memory} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
