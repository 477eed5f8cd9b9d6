"""What is pictured: how pitop is started, what is pressed, and when the picture is taken."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SCENES", "Scene"]


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture: `name` is its file's, `title` says what is seen.

    pitop runs with `arguments` on `columns` × `lines` for `seconds`; then `keys` are pressed, `pause` seconds apart;
    `after` more seconds later the picture is taken.
    """

    name: str
    title: str
    arguments: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    columns: int = 120
    lines: int = 40
    seconds: float = 8.0
    pause: float = 0.4
    after: float = 1.5


SCENES = (Scene("processes", "The process pane of pitop: processes as a tree, each with a line of its CPU use"),)
