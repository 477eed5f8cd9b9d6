"""The topic as panes see it: requests in, growing snapshots out, everything cancelled at the end."""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pitop.collect.dns.collector import DnsCollector
from pitop.collect.live import LiveSource
from pitop.collect.topics import DNS
from pitop.model.dns.dnssec.verdict import Security
from pitop.model.dns.snapshot import Begin, DnsSnapshot, Part, Stop
from tests.dnslab import DNSMASQ, LEAF, ROOT, UNBOUND, DnsLab


class Watcher:
    """What a pane would have been given."""

    def __init__(self) -> None:
        self.source = LiveSource()
        self.given: queue.Queue[Any] = queue.Queue()
        self.hold = self.source.subscribe(DNS, self.given.put)

    def until(self, wanted: Callable[[DnsSnapshot], bool], seconds: float = 30.0) -> DnsSnapshot:
        deadline = time.monotonic() + seconds
        while True:
            newest = self.given.get(timeout=max(0.01, deadline - time.monotonic()))
            assert isinstance(newest, DnsSnapshot), newest
            if wanted(newest):
                return newest

    def ask(self, part: Part, text: str, **options: Any) -> None:
        self.hold.ask(Begin(part, text, **options))


@contextmanager
def watcher() -> Iterator[Watcher]:
    made = Watcher()
    try:
        yield made
    finally:
        made.source.close()


@pytest.fixture
def lab(dns_lab: DnsLab) -> Iterator[DnsLab]:
    with dns_lab.inside():  # threads that are started now live in the lab's namespace too
        yield dns_lab


def done(part: Part) -> Callable[[DnsSnapshot], bool]:
    return lambda snapshot: part in dict(snapshot.begun) and part not in snapshot.running


def test_lookup_of_several_types_with_verdicts(lab: DnsLab) -> None:
    with watcher() as pane:
        pane.ask(Part.LOOKUP, f"www.pitop.lab A AAAA MX @{UNBOUND} +anchor={lab.anchor}")
        found = pane.until(done(Part.LOOKUP))
    assert [lookup.question.type for lookup in found.lookups] == ["A", "AAAA", "MX"]
    assert [lookup.verdict and lookup.verdict.security for lookup in found.lookups] == [Security.SECURE] * 3
    assert found.lookups[0].answer is not None


def test_trace_grows_and_ends(lab: DnsLab) -> None:
    with watcher() as pane:
        pane.ask(Part.TRACE, f"www.pitop.lab +root={ROOT} +anchor={lab.anchor}")
        found = pane.until(done(Part.TRACE))
    assert found.trace is not None
    assert not found.trace.running
    assert [cut.zone for cut in found.trace.cuts] == [".", "lab.", "pitop.lab."]
    assert found.trace.verdict is not None
    assert found.trace.verdict.security is Security.SECURE


def test_comparison_and_its_stop(lab: DnsLab) -> None:
    with watcher() as pane:
        pane.ask(Part.COMPARE, f"www.pitop.lab pitop.lab @{UNBOUND} @{DNSMASQ}")
        pane.until(lambda snapshot: snapshot.comparison is not None and snapshot.comparison.asked > 4)
        pane.hold.ask(Stop(Part.COMPARE))
        found = pane.until(done(Part.COMPARE))
    assert found.comparison is not None
    assert not found.comparison.running
    assert found.comparison.asked < found.comparison.total


def test_watch_tells_every_beat(lab: DnsLab) -> None:
    with watcher() as pane:
        pane.ask(Part.WATCH, f"www.pitop.lab @{LEAF}", every=0.02)
        found = pane.until(lambda snapshot: snapshot.watch is not None and len(snapshot.watch.beats) >= 3)
    assert found.watch is not None
    assert {beat.data for beat in found.watch.beats} == {("10.53.1.2",)}


def test_a_new_question_replaces_the_old_one(lab: DnsLab) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent, watcher() as pane:
        silent.bind(("127.0.0.1", 0))
        pane.ask(Part.LOOKUP, f"www.pitop.lab @127.0.0.1#{silent.getsockname()[1]} +time=60")
        pane.until(lambda snapshot: Part.LOOKUP in snapshot.running)
        pane.ask(Part.LOOKUP, f"mail.pitop.lab @{LEAF} +time=1", prove=False)
        found = pane.until(done(Part.LOOKUP))
    assert [str(lookup.question) for lookup in found.lookups] == ["mail.pitop.lab. IN A"]
    assert found.lookups[0].answer is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("www.pitop.lab +nosuchword", "+nosuchword is not one of dig's words"),
        ('"www', "no closing quotation"),
        ("a..b", "is not a name"),
        ("www.pitop.lab @", "names no server"),
        ("www.pitop.lab +anchor=/nowhere", "/nowhere: No such file"),
    ],
)
def test_what_cannot_be_asked_is_said(text: str, words: str) -> None:
    with watcher() as pane:
        pane.ask(Part.LOOKUP, text)
        found = pane.until(done(Part.LOOKUP))
    assert words in dict(found.problems)[Part.LOOKUP]


def test_closing_cancels_what_is_under_way() -> None:
    before = set(os.listdir("/proc/self/fd"))
    threads = threading.active_count()
    collector = DnsCollector()
    for part in (Part.LOOKUP, Part.WATCH):
        collector.ask(Begin(part, "www.example @127.0.0.1#9 @192.0.2.1 +time=60", prove=False))
    deadline = time.monotonic() + 5
    while Part.WATCH not in collector.collect().running and time.monotonic() < deadline:
        pass
    started = time.monotonic()
    collector.close()
    assert time.monotonic() - started < 0.3
    while threading.active_count() > threads and time.monotonic() < deadline:
        pass
    assert threading.active_count() == threads
    assert set(os.listdir("/proc/self/fd")) <= before
