"""The scope on the screen: set from a row, shown in the header, narrowing every pane, cleared by Escape."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from pitop.collect.topics import PACKETS, PROCESSES, SOCKETS
from pitop.model.packets.snapshot import CaptureStatus
from pitop.model.scope import of_host, of_name, of_process, of_user
from pitop.model.sockets import Owner, Unix
from pitop.tui.app import PitopApp
from pitop.tui.settings import Settings
from pitop.tui.tablepane import TablePane
from tests.tui.still import NOW, a_process, a_source, processes
from tests.tui.test_packets_pane import packet
from tests.tui.test_packets_pane import snapshot as packets_snapshot
from tests.tui.test_sockets import a_socket, sockets


def lines(app: PitopApp) -> list[str]:
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


def pids(app: PitopApp) -> list[int]:
    pane: Any = app.pane
    assert isinstance(pane, TablePane)
    return [row.pid for row in pane.table.rows]


async def test_a_process_alone_and_cleared_again() -> None:
    app = PitopApp(a_source(), Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.query_one("Table").select((410, 1410))  # type: ignore[attr-defined]
        await pilot.press("s")
        await pilot.pause()
        assert pids(app) == [410]
        assert "sshd: (410)" in lines(app)[3]
        await pilot.press("escape")
        await pilot.pause()
        assert len(pids(app)) == 13


async def test_a_subtree_grows_with_its_children_and_keeps_its_orphans() -> None:
    source = a_source()
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.query_one("Table").select((410, 1410))  # type: ignore[attr-defined]
        await pilot.press("S")
        await pilot.pause()
        assert pids(app) == [410, 411, 500, 501]
        rows = (*processes().rows, a_process(502, 500, "child"))
        source.put(PROCESSES, processes(rows=rows, time=NOW + 1))
        await pilot.pause()
        await pilot.pause()
        assert pids(app) == [410, 411, 500, 502, 501]
        left = (a_process(1, 0, "init"), a_process(502, 1, "child"))
        source.put(PROCESSES, processes(rows=left, ended=(), time=NOW + 2))
        await pilot.pause()
        await pilot.pause()
        assert pids(app) == [502]


async def test_a_scope_that_means_nothing_here_says_so_and_shows_all() -> None:
    app = PitopApp(a_source(), Settings(glyphs="block"), scope=of_host("192.0.2.1"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert len(pids(app)) == 13
        assert "the scope means nothing here" in "\n".join(lines(app))


async def test_the_filter_works_within_a_scope_given_at_the_start() -> None:
    app = PitopApp(a_source(), Settings(glyphs="block"), scope=of_user("postgres"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert pids(app) == [600, 601, 602, 650]
        await pilot.press("t", "backslash", *"state=D", "enter")
        assert pids(app) == [601]
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert len(pids(app)) == 15


async def settle(pilot: Pilot[None]) -> None:
    for _ in range(3):
        await pilot.pause()


def text(app: PitopApp) -> str:
    return "\n".join(lines(app))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_when_its_process_ends_that_is_said_and_since_when(size: tuple[int, int]) -> None:
    source = a_source()
    app = PitopApp(source, Settings(glyphs="block"), scope=of_process((700, 1700), "curl"))
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        assert pids(app) == [700]
        left = tuple(row for row in processes().rows if row.pid != 700)
        gone = a_process(700, 1, "curl example.org", ended_time=NOW + 1)
        source.put(PROCESSES, processes(rows=left, ended=(gone,), time=NOW + 2))
        await settle(pilot)
        assert pids(app) == [700]  # it stays for a while
        source.put(PROCESSES, processes(rows=left, ended=(), time=NOW + 15))
        await settle(pilot)
        assert pids(app) == []
        assert "curl (700) ended 14 s ago"[: size[0] - 25] in text(app)
        source.put(PROCESSES, processes(rows=left, ended=(), time=NOW + 21))
        await settle(pilot)
        assert "ended 20 s" in text(app) or size[0] == 40
        if size[0] == 120:
            assert "curl (700) ended" in lines(app)[3]


async def test_the_pid_that_is_used_again_does_not_bring_it_back() -> None:
    source = a_source()
    app = PitopApp(source, Settings(glyphs="block"), scope=of_process((700, 1700), "curl"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        again = a_process(700, 1, "sshd", key=(700, 9999), start_time=NOW + 5)
        source.put(PROCESSES, processes(rows=(again,), ended=(), time=NOW + 6))
        await settle(pilot)
        assert pids(app) == []
        ours, others = Owner(700, 1700, "curl"), Owner(700, 9999, "sshd")
        nobody_knows = Owner(700, None, "curl")
        rows = (
            a_socket(1, "ESTABLISHED", ("10.0.0.1", 1), ("10.0.0.2", 80), others),
            a_socket(2, "ESTABLISHED", ("10.0.0.1", 2), ("10.0.0.2", 80), nobody_knows),
        )
        closed = (
            a_socket(3, "CLOSE", ("10.0.0.1", 3), ("10.0.0.2", 80), ours, closed_time=NOW + 6),
            a_socket(4, "CLOSE", ("10.0.0.1", 4), ("10.0.0.2", 80), nobody_knows, closed_time=NOW + 1),
            a_socket(5, "CLOSE", ("10.0.0.1", 5), ("10.0.0.2", 80), nobody_knows, closed_time=NOW + 7),
        )
        source.put(SOCKETS, sockets(rows=rows, closed=closed, time=NOW + 8))
        await pilot.press("3")
        await settle(pilot)
        assert {row.key[1] for row in app.pane.table.rows} == {3, 4}  # type: ignore[attr-defined]


async def test_an_empty_scope_says_whose_it_is_and_unseen_panes_say_nothing() -> None:
    source = a_source()
    source.put(SOCKETS, sockets())
    app = PitopApp(source, Settings(glyphs="block"), "sockets", of_process((411, 1411), "bash"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "nothing here belongs to bash (411)" in text(app)
        await pilot.press("escape")
        await settle(pilot)
        assert "nothing here belongs" not in text(app)


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("user:pi", "user pi"),
        ("host:192.0.2.1", "192.0.2.1"),
        ("port:53", "port 53"),
        ("name:example.org", "example.org"),
        ("pid:410", "sshd: (410)"),
        ("pid:410+", "sshd: (410) and below"),
    ],
)
async def test_a_scope_is_typed(typed: str, label: str) -> None:
    source = a_source()
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("colon", *typed, "enter")
        await settle(pilot)
        assert app.followed is not None
        assert app.followed.label == label
        assert label in lines(app)[3]
        assert app.pane.scope is app.followed
        await pilot.press("colon")
        await settle(pilot)
        assert app.query_one(Input).value == typed
        app.query_one(Input).value = ""
        await pilot.press("enter")
        await settle(pilot)
        assert app.followed is None
        await pilot.press("left_square_bracket")
        await settle(pilot)
        assert app.followed is not None
        assert app.followed.label == label


async def test_what_is_no_scope_stays_in_the_line_and_nobody_is_not_followed() -> None:
    app = PitopApp(a_source(), Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("colon", *"shoe:1", "enter")
        await settle(pilot)
        assert "there is no scope “shoe:”" in text(app)
        app.query_one(Input).value = "pid:9999"
        await pilot.press("enter")
        await settle(pilot)
        assert app.followed is None
        assert "There is no process 9999" in [each.message for each in app._notifications]
        assert "processes" in source_listening(app)


def source_listening(app: PitopApp) -> set[str]:
    found: set[str] = app.source.listening()  # type: ignore[attr-defined]
    return found


async def test_processes_are_heard_elsewhere_only_while_one_is_followed() -> None:
    source = a_source()
    source.put(SOCKETS, sockets())
    app = PitopApp(source, Settings(glyphs="block"), "sockets")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "processes" not in source.listening()
        await pilot.press("colon", *"pid:300", "enter")
        await settle(pilot)
        assert "processes" in source.listening()
        await pilot.press("escape")
        await settle(pilot)
        assert "processes" not in source.listening()


async def test_packets_of_a_user_are_all_packets_and_that_stays_said() -> None:
    source = a_source()
    rows = tuple(packet(n) for n in range(1, 51))
    source.put(PACKETS, packets_snapshot(0, 50, 50, rows=rows))
    app = PitopApp(source, Settings(glyphs="block"), "packets", of_user("pi"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert len(app.pane.table.rows) == 50  # type: ignore[attr-defined]
        assert "the scope means nothing here: all are shown" in text(app)


async def test_packets_of_nobody_say_whose_they_would_be() -> None:
    source = a_source()
    scope = of_process((700, 1700), "curl")
    app = PitopApp(source, Settings(glyphs="block"), "packets", scope)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        asked = app.pane._asked.filter  # type: ignore[attr-defined]
        empty = packets_snapshot(0, 0, 0, filter=asked, status=CaptureStatus(captured=9))
        source.put(PACKETS, empty)
        await settle(pilot)
        assert "nothing here belongs to curl (700)" in text(app)


async def test_sockets_that_are_hidden_are_told_of() -> None:
    source = a_source()
    bus = a_socket(
        10, "CONNECTED", ("/run/bus", None), (None, None), Owner(411, 1411, "bash"),
        protocol="unix", unix=Unix("STREAM", 11),
    )  # fmt: skip
    source.put(SOCKETS, sockets(rows=(*sockets().rows, bus)))
    app = PitopApp(source, Settings(glyphs="block"), "sockets", of_process((411, 1411), "bash"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "nothing here belongs to bash (411) but unix sockets, 1 of them: u shows them" in text(app)
        await pilot.press("u")
        await settle(pilot)
        assert len(app.pane.table.rows) == 1  # type: ignore[attr-defined]


async def test_the_help_tells_the_keys_of_panes_and_those_of_the_journey_apart() -> None:
    app = PitopApp(a_source(), Settings(glyphs="block"))
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.press("f1")
        await settle(pilot)
        listed = text(app)
        for words in ("Back: Where you were before", "Forth: Where you came back from", "Follow …: Type what",
                      "Step back: ", "Follow: Keep the selected", "Go to: Every place"):  # fmt: skip
            assert words in listed


@pytest.mark.parametrize("name", ["\x1b]0;x\x07 [/etc]", "a\nb", "\u202eevil"])
async def test_a_hostile_name_is_followed_as_text(name: str) -> None:
    source = a_source()
    source.put(SOCKETS, sockets())
    rows = (*processes().rows, a_process(900, 1, "x", name=name))
    source.put(PROCESSES, processes(rows=rows))
    app = PitopApp(source, Settings(glyphs="block"), "sockets", of_process((900, 1900), name))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "nothing here belongs to" in text(app)
        await pilot.press("1", "G")
        await settle(pilot)
        assert "what is open in" in text(app)
        await pilot.press("escape")
        app.follow(of_name(name))
        await pilot.press("colon")
        await settle(pilot)
        assert not {"\x1b", "\x07", "\u202e"} & set(text(app))
        assert all(len(line) <= 120 for line in lines(app))


async def test_one_that_has_ended_already_can_still_be_followed() -> None:
    source = a_source()
    source.put(SOCKETS, sockets())
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        app.pane.table.select((650, 1650))  # type: ignore[attr-defined]
        await pilot.press("G", "enter")
        await settle(pilot)
        assert app.pane.stem == "sockets"
        source.put(PROCESSES, processes(ended=(), time=NOW + 5))
        source.put(SOCKETS, sockets(time=NOW + 6))
        await settle(pilot)
        assert "postgres: (650) ended 8 s ago" in text(app)
