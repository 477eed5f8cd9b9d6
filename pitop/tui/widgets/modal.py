"""What every question over the screen is: it is answered once."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

__all__ = ["Modal"]

R = TypeVar("R")


class Modal(ModalScreen[R], Generic[R]):
    """A screen over the others. What comes after its answer, as the second click of two, is not for it."""

    def dismiss(self, result: R | None = None) -> AwaitComplete:
        """Close with the answer; once it has gone, or stands behind another, nothing happens."""
        if self.app.screen is not self:
            return AwaitComplete()
        return super().dismiss(result)
