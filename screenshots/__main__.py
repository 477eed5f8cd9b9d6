"""`python -m screenshots`: draw every picture anew."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.program import Program
from screenshots.scenes import SCENES, Scene
from screenshots.services import SERVICES
from screenshots.svg import svg
from screenshots.world import NAMESPACES, furnish, start

__all__ = ["main"]

_FOLDER = Path(__file__).parent
_PITOP = str(Path(sys.executable).parent / "pitop")
_ZOOM = "1.5"
_COLOURS = "96"  # few are on a screen; the rest is the letters' edges


def _take(scene: Scene) -> None:
    """Run pitop, do what the scene asks for, and draw what is on the screen then."""
    files = {".config/pitop/config.toml": scene.config}
    with Program([_PITOP, *scene.arguments], scene.columns, scene.lines, files=files) as program:
        program.listen(scene.seconds)
        for key in scene.keys:
            program.press(key)
            program.listen(scene.pause)
        program.listen(scene.after)
        if program.status is not None:
            raise SystemExit("\n".join(program.screen.rows()))
        drawing = svg(program.screen.cells(), scene.title)
    (_FOLDER / f"{scene.name}.svg").write_text(drawing)


def _inside(names: list[str]) -> int:
    """As the first process of the small machine."""
    furnish()
    for service in SERVICES:
        start(service)
    for scene in SCENES:
        if not names or scene.name in names:
            print(scene.name, flush=True)
            _take(scene)
    return 0


def main() -> int:
    """Make the small machine, take the pictures there, and turn them into PNG."""
    if sys.argv[1:2] == ["--inside"]:
        return _inside(sys.argv[2:])
    if os.geteuid() != 0:
        print("screenshots: making the small machine that they show needs root", file=sys.stderr)
        return 1
    names = sys.argv[1:]
    done = subprocess.run([*NAMESPACES, sys.executable, "-m", "screenshots", "--inside", *names], check=False)
    if done.returncode:
        return done.returncode
    for scene in SCENES:
        if not names or scene.name in names:
            drawing = _FOLDER / f"{scene.name}.svg"
            picture = drawing.with_suffix(".png")
            subprocess.run(["rsvg-convert", "--zoom", _ZOOM, "--output", picture, drawing], check=True)
            subprocess.run(["pngquant", "--force", "--strip", "--output", picture, _COLOURS, picture], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
