"""The ladder and the other sheets, beside what they should look like."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from pitop.kernel.packets.dissect import layers_of
from pitop.kernel.packets.reader import CaptureFile
from pitop.model.packets.conversation import conversation_of, ladder_of, stream_of
from pitop.model.packets.flows import Flows
from pitop.model.packets.row import Row
from pitop.model.packets.statistics import Statistics
from pitop.render.field import Tone
from pitop.render.glyphs import LEVELS
from pitop.render.packets import FIELDS, stamp_text
from pitop.render.packets.ladder import Line, ladder_lines
from pitop.render.packets.sheets import (
    conversation_lines,
    detail_lines,
    dump_lines,
    field_places,
    statistics_lines,
    stream_lines,
)
from pitop.render.text import visible

DATA = Path(__file__).parents[2] / "data" / "packets"


@pytest.fixture(autouse=True)
def _greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "GMT0")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def rows(name: str) -> tuple[list[Row], Flows, Statistics]:
    flows, statistics = Flows(), Statistics()
    found = []
    with CaptureFile(str(DATA / name)) as file:
        for number, frame in enumerate(file, 1):
            row = Row(number, frame)
            _, _, row.base, row.trouble = flows.enter(row.summary, row.time, row.length, number)
            statistics.count(row.summary, frame, row.time, row.trouble)
            found.append(row)
    return found, flows, statistics


def text(lines: list[Line]) -> str:
    return "\n".join("".join(words for words, _ in line).rstrip() for line in lines) + "\n"


@pytest.mark.parametrize(("width", "plain"), [(118, False), (78, False), (78, True)])
def test_the_ladder_from_handshake_to_fin(width: int, plain: bool) -> None:
    found, flows, _ = rows("wget.pcapng")
    ladder = ladder_of(flows.by_number[1], found)
    expected = DATA / f"wget.ladder.{width}{'.ascii' if plain else ''}.txt"
    drawn = text(ladder_lines(ladder, width, plain=plain))
    assert drawn == expected.read_text()
    assert all(len(line) <= width for line in drawn.splitlines())


def test_a_trace_of_wget_names_it_beside_every_packet() -> None:
    from pitop.collect.packets.recorded import frames_of, rows_of

    found = list(rows_of(frames_of(str(DATA / "wget.pcapng"))))
    assert {row.process for row in found} == {"wget"}
    assert [row.tcp_flags for row in found][:3] == ["S", "S.", "."]
    assert "F" in (found[-2].tcp_flags or "") + (found[-3].tcp_flags or "")


def test_a_dump_marks_the_bytes_of_a_field() -> None:
    lines = dump_lines(bytes(range(40)), (14, 4))
    assert text(lines).splitlines()[0] == "0000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  ................"
    marked = "".join(words for line in lines for words, tone in line if tone is Tone.WARN)
    assert marked.split() == ["0e", "0f", "..10", "11", ".."]


def test_layers_and_their_places_go_together() -> None:
    found, _, _ = rows("ssh.pcap")
    layers = layers_of(found[3].frame.data, 1)
    lines, places = detail_lines(layers), field_places(layers)
    assert len(lines) == len(places)
    line = next(n for n, line in enumerate(lines) if "sport" in line[0][0])
    assert places[line] == (34, 2)


def test_what_a_stream_carries_cannot_drive_the_terminal() -> None:
    found, flows, _ = rows("ssh.pcap")
    stream = stream_of(flows.by_number[1], found)
    for lines in (stream_lines(stream), stream_lines(stream, in_hex=True)):
        assert all(visible(words) == words for line in lines for words, _ in line)


def test_statistics_of_dns_tell_names_answers_and_times() -> None:
    _, _, statistics = rows("edns-opts.pcap")
    overview = statistics.overview()
    assert len(overview.queries) > 15
    assert {query.name for query in overview.queries} >= {"example.com."}
    answered = [query for query in overview.queries if query.seconds is not None]
    assert answered
    assert all(0 < query.seconds < 1 for query in answered if query.seconds is not None)
    drawn = text(statistics_lines(overview, 100, LEVELS["block"]))
    assert "DNS questions" in drawn
    assert "IPv4" in drawn


def test_every_field_has_words_and_reads_every_packet() -> None:
    found, _, _ = rows("edns-opts.pcap")
    for field in FIELDS:
        assert field.words.endswith(".")
        for row in found[:3]:
            assert field.text(row).isprintable()


def test_times_before_and_after_what_a_clock_shows() -> None:
    assert stamp_text(0, 999_999_999) == "00:00:00.999999"
    assert stamp_text(1 << 31, 0) == "[Error converting time]"
    assert stamp_text(1, 1_234_567_000) == "00:00:01.1234567"


@pytest.mark.parametrize("width", [78, 118])
def test_conversations_fit_with_their_process(width: int) -> None:
    _, flows, _ = rows("wget.pcapng")
    talks = [replace(conversation_of(flow), process="wget") for flow in flows.by_number.values()]
    drawn = text(conversation_lines(talks, width)).splitlines()
    assert all(len(line) <= width for line in drawn)
    assert all(line.endswith("wget") for line in drawn[1:])
    assert ("RTT" in drawn[0]) == (width == 118)


def test_a_ladder_without_tcp_has_no_sequence_numbers() -> None:
    found, flows, _ = rows("edns-opts.pcap")
    ladder = ladder_of(flows.by_number[1], found[:2])
    drawn = text(ladder_lines(ladder, 118))
    assert "DNS len" in drawn
    assert "seq" not in drawn
    assert "2 packets in" in drawn


def test_colours_tell_begin_end_payload_names_and_trouble_apart() -> None:
    from pitop.collect.packets.recorded import frames_of, rows_of

    info = next(field for field in FIELDS if field.key == "info")
    assert info.tone is not None
    tones = [info.tone(row) for row in rows_of(frames_of(str(DATA / "wget.pcapng"))) if row.tcp_flags]
    assert tones[:2] == [Tone.GOOD, Tone.GOOD]
    assert {Tone.FAINT, Tone.PLAIN} <= set(tones)
    queries, _, _ = rows("edns-opts.pcap")
    assert info.tone(queries[0]) is Tone.ACCENT
    queries[0].trouble = ("tcp retransmission",)
    assert info.tone(queries[0]) is Tone.BAD
