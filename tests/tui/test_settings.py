"""The configuration file."""

from __future__ import annotations

from pathlib import Path

from pitop.tui.settings import PaneSettings, Settings, default_path, parse_settings


def test_all_of_it() -> None:
    said = parse_settings(
        'interval = 0.5\ntheme = "pitop-paper"\nglyphs = "ascii"\npane = "sockets"\nmouse = false\n'
        '[keys]\nquit = "x"\n[processes]\ncolumns = ["pid"]\nsort = "rss_bytes"\n'
        'falling = false\nfilter = "a"\ntree = true\n'
    )
    assert said == Settings(
        interval=0.5,
        theme="pitop-paper",
        glyphs="ascii",
        pane="sockets",
        mouse=False,
        keys={"quit": "x"},
        panes={"processes": PaneSettings(("pid",), "rss_bytes", False, "a", True)},
    )


def test_what_is_wrong_is_named_with_its_line_and_left_at_its_default() -> None:
    said = parse_settings(
        'interval = 0\n\ncolour = 1\n[processes]\ncolumns = "pid"\n[shoes]\na = 1\n[keys]\nquit = 3\n'
    )
    assert [str(problem) for problem in said.problems] == [
        "line 1: interval is seconds from 0.1 to 3600",
        "line 3: there is no setting “colour”; there are interval, theme, glyphs, pane, mouse",
        'line 5: columns is a list of column names such as ["pid", "command"]',
        "line 6: there is no section [shoes]",
        'line 9: quit is keys in quotes such as "f9,k"',
    ]
    assert said.interval == 1.0


def test_what_is_not_toml() -> None:
    (problem,) = parse_settings("a = 1\nb = = 2\n").problems
    assert problem.line == 2


def test_the_place() -> None:
    assert default_path({"XDG_CONFIG_HOME": "/x"}) == Path("/x/pitop/config.toml")
    assert default_path({"HOME": "/h", "XDG_CONFIG_HOME": "relative"}) == Path("/h/.config/pitop/config.toml")
