"""Every tone can be read before every backdrop."""

from __future__ import annotations

import pytest
from textual.theme import BUILTIN_THEMES

from pitop.render.field import Tone
from pitop.tui.looks import CONSOLE, NIGHT, PAPER, Backdrop, looks_for


@pytest.mark.parametrize("theme", [NIGHT, PAPER, CONSOLE, *BUILTIN_THEMES.values()], ids=lambda theme: theme.name)
def test_no_text_has_the_colour_of_what_is_behind_it(theme: object) -> None:
    looks = looks_for(theme)  # type: ignore[arg-type]
    for tone in Tone:
        for backdrop in Backdrop:
            style = looks.style(tone, backdrop)
            assert style.color is None or style.color != style.bgcolor, (tone, backdrop)
