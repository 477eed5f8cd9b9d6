"""Memory in words and bars."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.kernel.memory.machine import read_totals
from pitop.kernel.memory.swap import read_zram, read_zswap
from pitop.model.memory.faults import FaultCost
from pitop.model.memory.holdings import Rollup
from pitop.model.memory.kills import OomKill
from pitop.model.memory.layout import Gap, Parts, Stretch, length
from pitop.model.memory.mappings import Kind
from pitop.model.memory.totals import Totals, formulas, segments
from pitop.render.memory.bars import LETTERS, machine_bar, marker, parts_bar, place_name, strip
from pitop.render.memory.fields import MAPPING_FIELDS, ROW_FIELDS, SUMMARY_FIELDS, age_text
from pitop.render.memory.words import compressed_words, cost_words, formula_words, holding_words, kill_words

DATA = Path(__file__).parents[2] / "data/memory"
MB = 1 << 20


@pytest.mark.parametrize(
    ("rollup", "words"),
    [
        (
            Rollup(1677722, 314573 + 419430, 1258291, 0, 100000, 319431, 0, 0),
            "asked for 9.8 MB, holds 1.6 MB, 1.2 MB of it shared with 3 others",
        ),
        (
            Rollup(2 * MB, MB + MB // 2, MB, 0, 0, MB, 3 * MB, 0),
            "asked for 9.8 MB, holds 2.0 MB, 1.0 MB of it shared with 1 other, and has 3.0 MB in swap",
        ),
        (
            Rollup(2 * MB, MB + int(MB / 3.5), MB, 0, 0, MB, 0, 0),
            "asked for 9.8 MB, holds 2.0 MB, 1.0 MB of it shared with 2.5 others on average",
        ),
        (Rollup(MB, MB, 0, 0, 0, MB, 0, 0), "asked for 9.8 MB, holds 1.0 MB, none of it shared"),
    ],
)
def test_what_a_process_holds_in_words(rollup: Rollup, words: str) -> None:
    assert holding_words(10276045, None, rollup) == words


def test_what_cannot_be_read_is_said() -> None:
    refused = holding_words(MB, MB // 2, None, "not permitted: run pitop as root")
    assert refused == "asked for 1.0 MB, holds 512 KB; what of it is shared is not permitted: run pitop as root"
    assert "does not tell" in holding_words(MB, None, None)
    assert holding_words(0, None, None).startswith("has no memory of its own")


def test_the_formulas_in_words() -> None:
    htop, free = formulas(read_totals(DATA / "server/proc"))
    assert formula_words(htop) == (
        "used as htop counts it: 6.5G = total 16G - free 2.0G - buffers 200M - cached 6.8G - reclaimable slab 600M "
        "+ shared 500M"
    )
    assert formula_words(free) == "used as free counts it: 6.8G = total 16G - available 8.8G"


def test_zram_and_zswap_in_words() -> None:
    zswap = read_zswap(read_totals(DATA / "server/proc"), DATA / "server/sys")
    assert compressed_words(read_zram(DATA / "server/sys"), zswap) == [
        "zram0 (lz4): 768M of 2.0G stored in 200M, 3.8 to 1",
        "zswap (zstd): 300M stored in 100M, 3.0 to 1, up to 20 % of memory",
    ]
    assert compressed_words((), None) == []


def test_costs_and_victims_in_words() -> None:
    said = cost_words(FaultCost(40, 0.5), "since it started")
    assert said is not None
    assert said.startswith("a major fault costs at most 12.5 ms here: 40 major faults since it started, 0.50 s waited")
    quick = cost_words(FaultCost(1, 0.000213), "now")
    assert quick is not None
    assert "213 µs here: 1 major fault now" in quick
    assert cost_words(FaultCost(0, 0.0), "now") == "no major fault now"
    assert cost_words(None, "now") is None
    assert kill_words(OomKill(0.0, 7, "a\x1bb", 0, 22 * MB, group=True)) == (
        r"a\eb (pid 7) killed with 22 MB in memory: its group's limit"
    )


@given(st.integers(1, 300), st.booleans())
def test_the_machines_bar_is_as_wide_as_it_is_told(width: int, letters: bool) -> None:
    parts = segments(read_totals(DATA / "server/proc"), 200 * MB)
    runs = machine_bar(parts, width, letters)
    assert sum(len(run.text) for run in runs) == width
    assert [run.key for run in runs] == [part.key for part in parts if part.key in {run.key for run in runs}]
    if width >= len(parts):
        assert {run.key for run in runs} == {part.key for part in parts if part.bytes}


def test_every_part_has_a_letter_of_its_own() -> None:
    parts = {part.key for part in segments(read_totals(DATA / "server/proc"), 1)}
    assert parts <= set(LETTERS)
    assert len(set(LETTERS.values())) == len(LETTERS)


def test_available_is_marked_from_the_end() -> None:
    assert marker(25, 100, 40) == 30
    assert marker(0, 100, 40) == 39
    assert marker(100, 100, 40) == 0
    assert marker(None, 100, 40) is None


def test_a_mappings_bar() -> None:
    parts = Parts(dirty_bytes=4096, clean_bytes=0, shared_bytes=8192, swapped_bytes=0, untouched_bytes=4096)
    runs = parts_bar(parts, 16384, 12, length(16384))
    assert [(run.text, run.key) for run in runs] == [("███", "dirty"), ("▒▒▒▒▒▒", "shared"), ("···", "untouched")]
    assert "".join(run.text for run in parts_bar(parts, 16384, 12, 2 * length(16384), ascii_only=True)) == "##+++."[:6]
    assert parts_bar(None, 4096, 12, 12.0)[0].key == "unknown"


def places() -> list[Stretch | Gap]:
    text = Stretch(0x1000, 0x3000, Kind.TEXT, "/opt/app", 3, 8192, 4096, 4096, None)
    library = Stretch(1 << 40, (1 << 40) + MB, Kind.LIBRARY, "/lib/odd\n\x1bname", 1, MB, MB, MB, None)
    return [text, Gap(0x3000, 1 << 40), library]


@given(st.integers(1, 120))
def test_the_strip_is_as_wide_as_it_is_told(width: int) -> None:
    runs = strip(places(), width)
    assert sum(len(run.text) for run in runs) in (width, width - 1, 1)
    if width > 20:
        assert [run.key for run in runs] == ["text", "gap", "library"]
        assert len(runs[1].text) == 3  # a terabyte, folded


def test_names_of_places() -> None:
    text, gap, library = places()
    assert place_name(text, 40) == "/opt/app (3 mappings)"
    assert place_name(text, 10) == "…mappings)"
    assert place_name(gap, 40) == "nothing mapped"
    assert place_name(library, 40) == r"/lib/odd\n\ename"
    assert "kernel" in place_name(Gap(1 << 47, 0xFFFFFFFFFF600000), 60)


def test_ages() -> None:
    assert [age_text(value) for value in (None, 0.2, 7.4, 99, 150)] == ["-", "now", "7s", "99s", "2m"]


@pytest.mark.parametrize("fields", [ROW_FIELDS, MAPPING_FIELDS, SUMMARY_FIELDS])
def test_every_field_has_one_key_and_a_sentence(fields: tuple[object, ...]) -> None:
    keys = [each.key for each in fields]  # type: ignore[attr-defined]
    assert len(set(keys)) == len(keys)
    for each in fields:
        assert each.words.endswith(".")  # type: ignore[attr-defined]


def test_an_unknown_total_is_shown_as_unknown() -> None:
    from pitop.render.memory.report import free_block

    lines = free_block(Totals(1024, 512, None, 0, 0, 0, 0, 0, 0))
    assert lines[1].split()[-1] == "-"
