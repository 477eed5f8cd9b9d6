"""The process pane: every key, and how it looks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from pitop.collect.topics import PROCESSES
from pitop.model.snapshot import Failure, Missing
from pitop.tui.app import PitopApp
from pitop.tui.panes.processes import ProcessesPane
from pitop.tui.settings import PaneSettings, Settings
from tests.tui.still import NOW, StillSource, a_process, a_source, processes


class Driven:
    """An app under the pilot, and what one sees of it."""

    def __init__(self, app: PitopApp, pilot: Pilot[None], source: StillSource) -> None:
        self.app, self.pilot, self.source = app, pilot, source

    @property
    def pane(self) -> ProcessesPane:
        pane = self.app.pane
        assert isinstance(pane, ProcessesPane)
        return pane

    @property
    def pids(self) -> list[int]:
        return [row.pid for row in self.pane.table.rows]

    @property
    def selected(self) -> int:
        row = self.pane.table.selected
        assert row is not None
        return row.pid

    def lines(self) -> list[str]:
        return ["".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()]

    def line_of(self, text: str) -> str:
        return next(line for line in self.lines() if text in line)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def put(self, snapshot: Any) -> None:
        self.source.put(PROCESSES, snapshot)
        await self.pilot.pause()


@asynccontextmanager
async def driven(size: tuple[int, int] = (120, 40), settings: Settings | None = None) -> AsyncIterator[Driven]:
    source = a_source()
    app = PitopApp(source, settings or Settings(glyphs="block"))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Driven(app, pilot, source)


TREE = [1, 300, 410, 411, 500, 501, 600, 601, 602, 650, 700, 800, 2]


async def test_the_tree_is_there_at_once_with_the_kernel_folded() -> None:
    async with driven() as seen:
        assert seen.pids == TREE
        assert "[kthreadd]  (+2)" in seen.line_of("kthreadd")
        assert "├─ /usr/sbin/sshd -D" in seen.line_of("sshd -D")
        assert "│        ├─ python3 burn.py" in seen.line_of("burn.py")


async def test_a_tree_of_nothing_grows_from_a_list_of_nothing() -> None:
    async with driven() as seen:
        await seen.press("t", "backslash", *"kz2q", "enter")
        assert seen.pids == []
        await seen.press("t")
        assert seen.pids == []
        await seen.press("escape")
        assert seen.pids == TREE


async def test_folding_by_keys_shows_sums() -> None:
    async with driven() as seen:
        seen.pane.table.select((600, 1600))
        await seen.press("minus")
        assert 601 not in seen.pids
        line = seen.line_of("postgres -D")
        assert "(+3)" in line
        assert "812" in line  # the minor faults of what is under it
        await seen.press("plus")
        assert seen.pids == TREE


async def test_folding_a_leaf_folds_its_parent() -> None:
    async with driven() as seen:
        seen.pane.table.select((601, 1601))
        await seen.press("minus")
        assert seen.selected == 600
        assert 601 not in seen.pids


async def test_fold_all_and_back() -> None:
    async with driven() as seen:
        await seen.press("asterisk")
        assert seen.pids == [1, 300, 600, 700, 800, 2]
        await seen.press("asterisk")
        assert len(seen.pids) == 15


@pytest.mark.parametrize(
    ("keys", "first"),
    [(["t"], 500), (["f5"], 500), (["t", "P"], 500), (["t", "M"], 600), (["t", "N"], 1), (["t", "N", "I"], 800)],
)
async def test_orders_of_the_list(keys: list[str], first: int) -> None:
    async with driven() as seen:
        await seen.press(*keys)
        assert seen.pids[0] == first


async def test_the_tree_ordered_by_cpu_puts_the_busiest_branch_first() -> None:
    async with driven() as seen:
        await seen.press("P")
        assert seen.pids[:5] == [1, 300, 410, 411, 500]
        await seen.press("M")
        assert seen.pids[:2] == [1, 600]
        await seen.press("N")
        assert seen.pids == TREE


async def test_the_order_beside() -> None:
    async with driven() as seen:
        await seen.press("t", "greater_than_sign")
        assert seen.pane.sort_key == "memory_percent"
        await seen.press("less_than_sign", "less_than_sign")
        assert seen.pane.sort_key == "state"


async def test_time_orders_by_cpu_time() -> None:
    async with driven() as seen:
        await seen.put(processes(rows=(a_process(1, 0, "a"), a_process(5, 1, "b", cpu_seconds=99.0)), ended=()))
        await seen.press("t", "T")
        assert seen.pids == [5, 1]


async def test_the_sort_menu() -> None:
    async with driven() as seen:
        await seen.press("t", "f6", *"user", "enter")
        assert seen.pane.sort_key == "user"
        assert [row.user for row in seen.pane.table.rows][:2] == ["pi", "pi"]


async def test_search_goes_to_the_next_match_and_back_on_escape() -> None:
    async with driven() as seen:
        await seen.press("slash", *"postgres")
        assert seen.selected == 600
        await seen.press("enter", "n")
        assert seen.selected == 601
        await seen.press("shift+f3")
        assert seen.selected == 600
        await seen.press("f3", *"burn", "escape")
        assert seen.selected == 600


async def test_filter_shows_matches_with_their_ancestors() -> None:
    async with driven() as seen:
        await seen.press("backslash", *"state=R", "enter")
        assert seen.pids == [1, 300, 410, 411, 500]
        assert "filter: state=R" in seen.line_of("filter:")
        await seen.press("t")
        assert seen.pids == [500]
        await seen.press("escape")
        assert len(seen.pids) == 15


async def test_a_wrong_filter_is_explained_under_the_caret_and_changes_nothing() -> None:
    async with driven() as seen:
        await seen.press("f4", *"rss>1X")
        lines = seen.lines()
        place = next(number for number, line in enumerate(lines) if line.startswith("rss>1X"))
        assert lines[place + 1].index("^") == 4
        assert "512K" in lines[place + 1]
        assert seen.pids == TREE
        await seen.press("enter")
        assert seen.line_of("rss>1X")
        await seen.press("escape")
        assert seen.pids == TREE


async def test_tags() -> None:
    async with driven() as seen:
        await seen.press("space", "space")
        assert set(seen.pane.table.tags) == {(1, 1001), (300, 1300)}
        assert seen.selected == 410
        await seen.press("c")
        assert {key[0] for key in seen.pane.table.tags} == {1, 300, 410, 411, 500, 501}  # type: ignore[index]
        assert "6 tagged" in seen.line_of("tagged")
        await seen.press("U")
        assert not seen.pane.table.tags


async def test_kernel_threads() -> None:
    async with driven() as seen:
        await seen.press("K")
        assert 2 not in seen.pids
        await seen.press("K")
        assert 2 in seen.pids


async def test_one_user() -> None:
    async with driven() as seen:
        await seen.press("u", *"postg", "enter")
        assert seen.pids == [600, 601, 602, 650]
        assert "of postgres" in seen.line_of("of postgres")
        await seen.press("u", "enter")
        await seen.press("u", *"everybody", "enter")
        assert len(seen.pids) == 13


async def test_columns_are_chosen_and_moved() -> None:
    async with driven() as seen:
        await seen.press("f2", "space", "enter")
        assert seen.pane.columns[0] == "user"
        await seen.press("C", "shift+down", "enter")
        assert seen.pane.columns[:2] == ("nice", "user")
        await seen.press("f2", "delete", "enter")
        assert seen.pane.columns == tuple(seen.pane.usual)


async def test_the_history_is_a_column() -> None:
    async with driven(
        settings=Settings(glyphs="block", panes={"processes": PaneSettings(columns=("pid", "cpu_history", "command"))})
    ) as seen:
        await seen.put(processes(time=NOW + 1))
        assert "▇▇" in seen.line_of("burn.py")


async def test_the_selection_follows_its_process_through_every_order() -> None:
    async with driven() as seen:
        seen.pane.table.select((602, 1602))
        for key in ("t", "P", "M", "I", "t", "P", "N"):
            await seen.press(key)
            assert seen.selected == 602
        await seen.put(processes(rows=tuple(reversed(processes().rows))))
        assert seen.selected == 602


async def test_the_selection_stays_in_place_when_its_process_is_gone() -> None:
    async with driven() as seen:
        seen.pane.table.select((601, 1601))
        await seen.put(processes(rows=tuple(row for row in processes().rows if row.pid != 601)))
        assert seen.selected == 602


async def test_a_pid_that_is_somebody_elses_is_not_the_selected_one() -> None:
    async with driven() as seen:
        seen.pane.table.select((601, 1601))
        rows = tuple(
            replace(row, key=(601, 9999), command="other") if row.pid == 601 else row for row in processes().rows
        )
        await seen.put(processes(rows=rows))
        assert (601, 1601) not in seen.pane.table.tags
        assert seen.pane.table._selected != (601, 1601)


async def test_moving() -> None:
    async with driven(size=(80, 12)) as seen:
        await seen.press("down", "down", "up")
        assert seen.selected == 300
        await seen.press("end")
        assert seen.selected == 2
        await seen.press("home")
        assert seen.selected == 1
        await seen.press("pagedown", "pagedown", "pageup")
        assert seen.selected in seen.pids


async def test_sideways() -> None:
    async with driven(size=(60, 20)) as seen:
        long = a_process(5, 1, "x" * 80 + "END")
        await seen.put(processes(rows=(a_process(1, 0, "init"), long), ended=()))
        assert "END" not in "".join(seen.lines())
        await seen.press(*["right"] * 12)
        assert "END" in "".join(seen.lines())
        await seen.press(*["left"] * 12)
        assert seen.line_of("PID")


async def test_follow_brings_the_selected_one_back_into_view() -> None:
    async with driven(size=(80, 12)) as seen:
        seen.pane.table.select((300, 1300))
        await seen.press("F")
        seen.pane.table._scroll(10)
        await seen.put(processes(time=NOW + 1))
        assert "sshd -D" in "".join(seen.lines())


async def test_a_pane_that_is_opened_while_all_is_paused_is_not_empty() -> None:
    source = a_source()
    app = PitopApp(source, Settings(glyphs="block"))
    app.paused = True
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        seen = Driven(app, pilot, source)
        assert seen.pids == TREE
        await seen.put(processes(rows=(a_process(1, 0, "init"),), ended=()))
        assert seen.pids == TREE, "and still from then on"


async def test_pause_holds_the_view_and_not_the_collecting() -> None:
    async with driven() as seen:
        await seen.press("z")
        assert "paused" in seen.line_of("Processes")
        await seen.put(processes(rows=(a_process(1, 0, "init"),), ended=()))
        assert seen.pids == TREE
        assert "processes" in seen.source.listening()
        await seen.press("z")
        assert seen.pids == [1]


async def test_a_failure_is_shown_and_the_rows_stay() -> None:
    async with driven() as seen:
        await seen.put(Failure("processes", NOW, "cannot read", "Do this.", "here.py:3"))
        assert "cannot read (here.py:3). Do this." in seen.line_of("cannot read")
        assert seen.pids == TREE
        await seen.put(processes())
        assert not any("cannot read" in line for line in seen.lines())


async def test_what_is_missing_is_said() -> None:
    async with driven() as seen:
        await seen.put(processes(missing=(Missing("others", "hidepid", "Be root."),)))
        assert "Not shown: others: hidepid. Be root." in seen.line_of("Not shown")


async def test_states_are_explained_where_one_looks() -> None:
    async with driven() as seen:
        seen.pane.table.select((501, 1501))
        await seen.pilot.pause()
        assert "zombie: it has ended" in seen.line_of("zombie:")


async def test_hostile_names_are_only_text() -> None:
    async with driven() as seen:
        assert r"postgres: \e]0;x\a [/etc]" in seen.line_of("[/etc]")


async def test_the_mouse() -> None:
    async with driven() as seen:
        table = seen.pane.table
        await seen.pilot.click(table, offset=(20, 3))
        assert seen.selected == 410
        await seen.pilot.click(table, offset=(46, 0))  # the title of CPU%
        assert seen.pane.sort_key == "cpu_percent"
        await seen.press("N")
        guide = seen.lines()[6 + seen.pids.index(600)].index("├─ /usr/bin/postgres")
        await seen.pilot.click(table, offset=(guide, 1 + seen.pids.index(600)))
        assert 601 not in seen.pids


async def test_scrolling_by_wheel_leaves_the_selection() -> None:
    async with driven(size=(80, 12)) as seen:
        seen.pane.table._scroll(3)
        assert seen.pane.table._top == 3
        assert seen.selected == 1


async def test_ten_thousand_rows_cost_what_is_visible() -> None:
    async with driven() as seen:
        rows = tuple(a_process(pid, 1, f"p{pid}") for pid in range(2, 10_002))
        await seen.put(processes(rows=rows, ended=()))
        painted = 0
        line = seen.pane.table.line

        def counting(y: int) -> Any:
            nonlocal painted
            painted += 1
            return line(y)

        seen.pane.table.line = counting  # type: ignore[method-assign]
        changed = tuple(replace(row, cpu_percent=9.9) if row.pid in (5, 9000) else row for row in rows)
        await seen.put(processes(rows=changed, ended=()))
        assert painted == 1


async def test_settings_of_the_pane() -> None:
    settings = Settings(
        glyphs="ascii",
        panes={"processes": PaneSettings(columns=("pid", "command"), sort="rss_bytes", filter="user=postgres")},
    )
    async with driven(settings=settings) as seen:
        assert seen.pids == [600, 601, 602, 650]
        assert seen.line_of("PID").split() == ["PID", "COMMAND"]


# --- how it looks


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (40, 12)])
def test_looks(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(PitopApp(a_source(), Settings(glyphs="block")), terminal_size=size)


def test_looks_in_ascii_without_colour(snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(PitopApp(a_source(), Settings(glyphs="ascii")), terminal_size=(80, 24))


def test_looks_on_paper_as_a_list(snap_compare: Any) -> None:
    app = PitopApp(a_source(), Settings(glyphs="block", theme="pitop-paper"))
    assert snap_compare(app, terminal_size=(120, 40), press=["t", "down", "space", "down"])


async def test_the_arrow_takes_no_letter_of_a_title() -> None:
    async with driven((160, 40)) as seen:
        seen.pane.sort_by("minor_faults_per_second", True)
        await seen.pilot.pause()
        assert " MINF/s▼MAJF/s" in seen.line_of("MAJF/s")


async def test_the_count_of_what_is_shown_leaves_ancestors_out_and_stays_while_one_moves() -> None:
    async with driven() as seen:
        await seen.press("backslash", *"burn")
        assert seen.line_of("Filter  1 processes")
        await seen.press("enter")
        assert "1 shown" in seen.line_of("filter: burn")
        await seen.press("down")
        assert "1 shown" in seen.line_of("filter: burn")
