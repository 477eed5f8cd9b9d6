"""The palette: everything that can be done, found by typing."""

from __future__ import annotations

from textual.command import CommandList, CommandPalette

from pitop.tui.widgets.modal import Modal

__all__ = ["Commands"]


class Commands(CommandPalette, Modal[None]):
    """Textual's own, which takes one answer, and no key for a page before its list has any room on the screen."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether an action can be run now."""
        if action == "command_list" and not self.query_one(CommandList).scrollable_content_region:
            return False
        return super().check_action(action, parameters)
