"""The packet pane: list, following, filter, details, sheets, what is asked of the collector."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from pitop.collect.packets.recorded import frames_of, rows_of
from pitop.collect.topics import MACHINE, PACKETS, PROCESSES
from pitop.model.packets.conversation import Arrow, Ladder, Piece, Stream, ladder_of
from pitop.model.packets.detail import DetailField, Layer
from pitop.model.packets.flows import Flows
from pitop.model.packets.packet import Packet
from pitop.model.packets.snapshot import (
    AskAbout,
    AskRows,
    Capture,
    CaptureStatus,
    Detail,
    Halt,
    PacketsSnapshot,
    SaveTo,
)
from pitop.model.scope import Flow, of_port
from pitop.tui.app import PitopApp
from pitop.tui.panes.packets.pane import PacketsPane
from pitop.tui.panes.packets.sheet import Sheet
from pitop.tui.panes.packets.window import Window
from pitop.tui.settings import Settings
from tests.tui.still import NOW, StillSource, machine, processes


def packet(number: int, **changes: Any) -> Packet:
    line = f"IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [.], ack {number}, win 500, length 0"
    made = Packet(
        number, int(NOW), number * 1000, "eth0", "10.0.0.1", 4000, "10.0.0.2", 80, "TCP", 60, line, 4711, "wget\x1b[2J"
    )
    return replace(made, **changes)


def snapshot(first: int = 0, count: int = 50, total: int = 1000, **changes: Any) -> PacketsSnapshot:
    made = PacketsSnapshot(
        time=NOW, host="board", capture=Capture(), running=True, left_out=1, first=first, total=total, examined=total,
        status=CaptureStatus(received=total, captured=total, dropped=7, next=total + 1),
        rows=tuple(packet(first + n + 1) for n in range(count)),
    )  # fmt: skip
    return replace(made, **changes)


@asynccontextmanager
async def opened(
    first: PacketsSnapshot, size: tuple[int, int] = (120, 40), reading: str | None = None
) -> AsyncIterator[tuple[Pilot[int], PacketsPane, StillSource]]:
    source = StillSource((MACHINE, machine()), (PROCESSES, processes()), (PACKETS, first))
    app = PitopApp(source, Settings(glyphs="block"), "packets", reading=reading)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        pane = app.query_one(PacketsPane)
        yield pilot, pane, source


def asked(source: StillSource, kind: type) -> list[Any]:
    return [request for name, request in source.asked if name == "packets" and isinstance(request, kind)]


def shown(pilot: Pilot[int]) -> str:
    return "\n".join(
        "".join(segment.text for segment in line) for line in pilot.app.screen._compositor.render_strips(pilot.app.size)
    )


def said(pilot: Pilot[int]) -> str:
    return "\n".join(each.message for each in pilot.app._notifications)


async def put(pilot: Pilot[int], source: StillSource, newest: PacketsSnapshot) -> None:
    source.put(PACKETS, newest)
    await pilot.pause()
    await pilot.pause()


async def test_it_follows_the_newest_and_says_what_was_lost() -> None:
    async with opened(snapshot(950)) as (pilot, pane, source):
        text = shown(pilot)
        assert pane.table.selected is not None
        assert pane.table.selected.number == 1000
        assert "dropped 7" in text
        assert "own SSH left out" in text
        assert "following" in text
        assert "\x1b" not in text
        assert "wget\\e[2J" in text
        assert asked(source, Capture) == [Capture()]
        assert asked(source, AskRows)[-1].first is None


@pytest.mark.parametrize("width", [40, 60])
@pytest.mark.parametrize("path", [None, "/a/capture/of/a/very/long/evening/with/a/long-name-of-its-own.pcapng"])
async def test_losses_are_said_on_the_lowest_screen_too(width: int, path: str | None) -> None:
    async with opened(snapshot(950, capture=Capture(path=path)), (width, 12), reading=path) as (pilot, _, _):
        assert "dropped 7" in shown(pilot)


async def test_a_long_capture_filter_does_not_hide_what_was_lost() -> None:
    expression = "host 10.0.0.1 or host 10.0.0.2 or host 10.0.0.3 or host 10.0.0.4 or host 10.0.0.5"
    status = CaptureStatus(captured=9, dropped=7, next=10, note="eth0 is down")
    async with opened(snapshot(950, capture=Capture("eth0", expression), status=status), (80, 24)) as (pilot, _, _s):
        text = shown(pilot)
        assert "dropped 7" in text
        assert "eth0 is down" in text
        assert "only “host 10" in text


async def test_a_low_screen_shows_where_a_filter_is_wrong() -> None:
    words = "can't parse filter expression: syntax error\n  tcp prot 80\n      ^^^^"
    async with opened(snapshot(950, problem=words, refused=True), (40, 12)) as (pilot, _, _):
        lines = shown(pilot).splitlines()
        place = next(number for number, line in enumerate(lines) if "^^^^" in line)
        at = lines[place].index("^")
        assert lines[place - 1][at : at + 4] == "prot"


async def test_going_up_stops_and_going_to_the_end_follows_again() -> None:
    async with opened(snapshot(950)) as (pilot, pane, source):
        await pilot.press("up")
        await pilot.pause()
        assert "stopped here" in shown(pilot)
        await put(pilot, source, snapshot(950, 60, 1010))
        assert pane.table.selected is not None
        assert pane.table.selected.number == 999
        await pilot.press("end")
        await pilot.pause()
        assert asked(source, AskRows)[-1].first is None
        await put(pilot, source, snapshot(970, 50, 1020))
        assert pane.table.selected is not None
        assert pane.table.selected.number == 1020


async def test_who_follows_asks_for_what_the_screen_shows_and_no_more() -> None:
    async with opened(snapshot(950)) as (pilot, pane, source):
        assert asked(source, AskRows)[-1].count == pane.size.height
        await pilot.resize_terminal(100, 50)
        await pilot.pause()
        assert asked(source, AskRows)[-1] == AskRows(pane.size.height)
        await pilot.press("home")
        await pilot.pause()
        assert asked(source, AskRows)[-1].count > 2 * pane.size.height


async def test_rows_that_are_not_here_are_asked_for() -> None:
    async with opened(snapshot(950)) as (pilot, pane, source):
        await pilot.press("home")
        await pilot.pause()
        last = asked(source, AskRows)[-1]
        assert last.first == 0
        await put(pilot, source, snapshot(0, 200))
        assert pane.table.selected is not None
        assert pane.table.selected.number == 1
        assert "Flags [.], ack 1," in shown(pilot)


async def test_a_filter_is_checked_here_and_applied_there() -> None:
    async with opened(snapshot(950)) as (pilot, pane, source):
        await pilot.press("backslash")
        for letter in "port=80":
            await pilot.press({"=": "equals_sign"}.get(letter, letter))
        await pilot.pause()
        assert asked(source, AskRows)[-1].filter == "port=80"
        await pilot.press("enter")
        await put(pilot, source, snapshot(0, 3, 3, filter="port=80"))
        assert len(pane.table.rows) == 3
        await pilot.press("escape")
        await pilot.pause()
        assert asked(source, AskRows)[-1].filter == ""


async def test_enter_shows_layers_and_marks_the_chosen_bytes() -> None:
    layers = (Layer("Ethernet", 0, 14, (DetailField("dst", "aa:bb", 0, 6), DetailField("src", "cc", 6, 6))),)
    async with opened(snapshot(950)) as (pilot, pane, source):
        await pilot.press("enter")
        await pilot.pause()
        assert asked(source, AskAbout) == [AskAbout(1000)]
        detail = Detail(packet(1000), bytes(range(60)), None)
        await put(pilot, source, snapshot(950, detail=detail))
        text = shown(pilot)
        assert "Being taken apart" in text
        assert "0000  00 01 02 03" in text
        await put(pilot, source, snapshot(950, detail=replace(detail, layers=layers)))
        text = shown(pilot)
        assert "Ethernet" in text
        assert "0000  00 01 02 03" in text
        await pilot.press("tab", "down", "down")
        await pilot.pause()
        assert pane.query_one("#layers", Sheet).place == 2
        await pilot.press("escape")
        await pilot.pause()
        assert "Ethernet" not in shown(pilot)


async def test_the_ladder_and_the_stream_take_the_lists_place() -> None:
    ladder = Ladder("10.0.0.1:4000", "10.0.0.2:80", (Arrow(1, NOW, 0.0, True, "S", 0, None, 0),))
    stream = Stream("a", "b", (Piece(True, b"GET / HTTP/1.1\r\n\x1b]0;x", 1, NOW),))
    async with opened(snapshot(950)) as (pilot, _, source):
        await pilot.press("l")
        await put(pilot, source, snapshot(950, ladder=ladder))
        text = shown(pilot)
        assert "10.0.0.1:4000" in text
        assert " [S] seq 0 " in text
        assert "▶│" in text
        await pilot.press("escape", "o")
        await put(pilot, source, snapshot(950, stream=stream))
        text = shown(pilot)
        assert "GET / HTTP/1.1" in text
        assert "\x1b" not in text
        await pilot.press("x")
        await pilot.pause()
        assert "47 45 54 20" in shown(pilot)
        assert [request.what for request in asked(source, AskAbout)] == ["ladder", "stream"]


def test_the_ladder_of_a_whole_connection(snap_compare: Any) -> None:
    """A page fetched with wget, from the handshake to the last FIN, in one picture."""
    capture = Path(__file__).parents[1] / "data" / "packets" / "wget.pcapng"
    rows = [row for row in rows_of(frames_of(str(capture))) if row.summary.transport == 6]
    flows = Flows()
    found = [flows.enter(row.summary, row.time, row.length, row.number)[0] for row in rows]
    assert found[0] is not None
    ladder = ladder_of(found[0], [row for row, flow in zip(rows, found, strict=True) if flow is found[0]])
    source = StillSource((MACHINE, machine()), (PROCESSES, processes()), (PACKETS, snapshot(950)))

    async def climb(pilot: Pilot[int]) -> None:
        await pilot.press("l")
        await put(pilot, source, snapshot(950, ladder=ladder))

    app = PitopApp(source, Settings(glyphs="block"), "packets")
    assert snap_compare(app, terminal_size=(120, 40), run_before=climb)


async def test_a_problem_is_shown_with_what_to_do_and_can_be_tried_again() -> None:
    broken = snapshot(0, 0, 0, running=False, problem="capturing packets is not permitted", advice="Run it as root.")
    async with opened(broken) as (pilot, _, source):
        text = shown(pilot)
        assert "not permitted" in text
        assert "Run it as root" in text
        await pilot.press("R")
        await pilot.pause()
        assert asked(source, Capture)[-1] == Capture(attempt=1)


async def test_interface_filter_own_session_and_writing_are_asked_for() -> None:
    async with opened(snapshot(950)) as (pilot, _, source):
        await pilot.press("i")
        await pilot.press(*["backspace"] * 5, "l", "o", "space", "t", "c", "p", "enter")
        await pilot.pause()
        assert asked(source, Capture)[-1] == Capture("lo", "tcp", attempt=1)
        await pilot.press("e")
        await pilot.pause()
        assert asked(source, Capture)[-1].with_own_session
        await pilot.press("w", "enter")
        await pilot.pause()
        assert asked(source, SaveTo) == [SaveTo("pitop.pcapng")]


async def test_a_file_is_opened_at_its_beginning() -> None:
    async with opened(snapshot(0, 200, capture=Capture(path="/x.pcap"), running=False), reading="/x.pcap") as (
        pilot, pane, source,
    ):  # fmt: skip
        assert asked(source, Capture) == [Capture(path="/x.pcap")]
        assert pane.table.selected is not None
        assert pane.table.selected.number == 1
        assert "x.pcap  " in shown(pilot)


@pytest.mark.parametrize("place", [-1, 1000])
def test_a_window_has_no_rows_beyond_its_ends(place: int) -> None:
    window = Window((packet(501),), 500, 1000, 1)
    assert window[500].line
    assert window[0].number == 1
    assert window[0].line == ""
    assert window.place(501) == 500
    assert window.place(1001) is None
    if place < 0:
        assert window[place].number == 1000
    else:
        with pytest.raises(IndexError):
            window[place]


async def test_the_scope_narrows_what_is_asked_for_and_a_packet_gives_one() -> None:
    async with opened(snapshot(950)) as (pilot, pane, source):
        pane.scope = of_port(80)
        await pilot.pause()
        assert asked(source, AskRows)[-1].filter == "port=80"
        pane.set_filter("length>100")
        assert asked(source, AskRows)[-1].filter == "(length>100) and port=80"
        here = pane.scope_here(False)
        assert here is not None
        assert here.flow == Flow.between("udp", ("10.0.0.1", 4000), ("10.0.0.2", 80))


async def test_a_capture_goes_on_when_the_pane_is_left_and_says_so_on_return() -> None:
    async with opened(snapshot(950)) as (pilot, pane, source):
        await pilot.press("1")
        await pilot.pause()
        assert "packets" in source.listening()
        assert asked(source, AskRows)[-1] == AskRows(0)
        status = CaptureStatus(captured=5000, evicted=300, first=301, next=5001)
        await put(pilot, source, snapshot(0, 0, 0, status=status))
        assert pane.table.rows, "who looks away needs no rows, and loses none"
        await pilot.press("4")
        await pilot.pause()
        assert "4000 packets came" in said(pilot)
        assert "300 oldest" in said(pilot)
        assert asked(source, AskRows)[-1].count > 0
        assert len(set(asked(source, Capture))) == 1
    assert "packets" not in source.listening()


async def test_leaving_says_that_a_capture_is_written() -> None:
    async with opened(snapshot(saving="evening.pcapng", saved=3)) as (pilot, _, source):
        await pilot.press("1")
        await pilot.pause()
        assert "packets" in source.listening()
        assert "written to evening.pcapng" in said(pilot)
    assert "packets" not in source.listening()


@pytest.mark.parametrize(
    "state", [snapshot(capture=Capture(path="/x.pcap")), snapshot(0, 0, 0, running=False, problem="not permitted")]
)
async def test_reading_a_file_and_what_has_failed_end_when_the_pane_is_left(state: PacketsSnapshot) -> None:
    async with opened(state, reading=state.capture.path) as (pilot, _, source):
        await pilot.press("1")
        await pilot.pause()
        assert "packets" not in source.listening()


async def test_what_is_refused_leaves_the_capture_and_what_is_open() -> None:
    words = "syntax error\n  tcp prot 80\n      ^"
    async with opened(snapshot(950), (80, 24)) as (pilot, pane, source):
        await pilot.press("enter", "i", *["backspace"] * 3, *"eth0")
        await pilot.press("space", *"tcp", "space", *"prot", "space", *"80", "enter")
        await pilot.pause()
        assert asked(source, Capture)[-1] == Capture("eth0", "tcp prot 80", attempt=1)
        await put(pilot, source, snapshot(950, problem=words, refused=True, advice="A piece of advice. " * 5))
        text = shown(pilot)
        assert "The capture before goes on" in text.replace("\n", " ")
        assert "   tcp prot 80" in text
        assert "       ^" in text
        assert pane.query_one("#below").display
        await pilot.press("i")
        await pilot.pause()
        assert "eth0 tcp prot 80" in shown(pilot)
        await pilot.press("escape", "escape", "escape")
        await pilot.pause()
        assert asked(source, Capture)[-1] == Capture()
        await pilot.press("R")
        await pilot.pause()
        assert asked(source, Capture)[-1] == Capture(attempt=2)


async def test_a_capture_is_stopped_and_a_file_opened_by_keys() -> None:
    async with opened(snapshot(950)) as (pilot, pane, source):
        await pilot.press("S")
        await pilot.pause()
        assert asked(source, Halt) == [Halt()]
        await put(pilot, source, snapshot(950, running=False))
        assert "ended, R starts again" in shown(pilot)
        await pilot.press("O", *"a", "full_stop", *"pcap", "enter")
        await pilot.pause()
        assert asked(source, Capture)[-1] == Capture(path="a.pcap", attempt=1)
        await put(pilot, source, snapshot(0, 200, capture=Capture(path="a.pcap", attempt=1), running=False))
        assert pane.table.selected is not None
        assert pane.table.selected.number == 1


async def test_a_long_wrong_filter_is_shown_around_its_caret() -> None:
    expression = "port 1 or " * 20 + "prot 2"
    words = f"syntax error\n  {expression}\n  {' ' * 200}^"
    async with opened(snapshot(0, 0, 0, running=False, problem=words), (80, 24)) as (pilot, _, _source):
        lines = shown(pilot).splitlines()
        place = next(number for number, line in enumerate(lines) if line.strip() == "^")
        at = lines[place].index("^")
        assert lines[place - 1][at : at + 6] == "prot 2"


async def test_a_new_capture_closes_what_is_about_the_old_one() -> None:
    async with opened(snapshot()) as (pilot, pane, source):
        await pilot.press("enter", "l")
        await pilot.pause()
        assert pane.query_one("#reading").display
        await pilot.press("R")
        await pilot.pause()
        again = asked(source, Capture)[-1]
        assert again.attempt == 1
        assert pane.query_one("#reading").display
        await put(pilot, source, snapshot(capture=again))
        assert pane.table.display
        assert not pane.query_one("#reading").display
        assert not pane.query_one("#below").display


async def test_an_empty_list_says_why() -> None:
    async with opened(snapshot(count=0, total=0)) as (pilot, pane, source):
        assert "no packets yet" in shown(pilot)
        pane.set_filter("port=9")
        await put(pilot, source, snapshot(count=0, total=0, filter="port=9"))
        assert "no packet matches" in shown(pilot)


async def test_a_files_status_has_room_for_the_losses() -> None:
    path = "/a/very/long/way/to/a/place/where/someone/keeps/captures/of/last/winter/evening.pcapng"
    async with opened(snapshot(capture=Capture(path=path)), (80, 24), reading=path) as (pilot, _, _source):
        assert "evening.pcapng  1000 packets  dropped 7" in shown(pilot)


async def test_what_prompts_say_is_not_cut_on_a_narrow_screen() -> None:
    async with opened(snapshot(950), (80, 24)) as (pilot, _, _source):
        for button in ("backslash", "i", "w", "O"):
            await pilot.press(button)
            await pilot.pause()
            assert pilot.app.query_one("Prompt")
            lines = shown(pilot).splitlines()
            assert "…" not in lines[-2], lines[-2]
            await pilot.press("escape")
            await pilot.pause()


async def test_escape_takes_away_what_was_said_about_a_file_that_could_not_be_written() -> None:
    async with opened(snapshot(950, save_problem="/x.pcap: Permission denied")) as (pilot, _, source):
        assert "Permission denied" in shown(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert asked(source, SaveTo) == [SaveTo()]
