"""`python -m screenshots`: draw every picture anew."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.dns import slow
from bench.program import Program
from screenshots.network import build
from screenshots.scenes import SCENES, Scene
from screenshots.services import SERVICES
from screenshots.svg import svg
from screenshots.world import INNER, OUTER, boot, furnish
from tests.dnslab import BIND, LEAF, ROOT, TLD, DnsLab

__all__ = ["main"]

_FOLDER = Path(__file__).parent
_PITOP = str(Path(sys.executable).parent / "pitop")
_ZOOM = "1.5"
_LAB, _ANCHOR = "PITOP_LAB", "PITOP_LAB_ANCHOR"  # for the inner stage: a namespace, a file
_DISTANCE = 12  # milliseconds to the name servers, as to those of the world
_COLOURS = "96"  # few are on a screen; the rest is the letters' edges


def _take(scene: Scene) -> None:
    """Run pitop, do what the scene asks for, and draw what is on the screen then."""
    files = {".config/pitop/config.toml": scene.config}
    there = ("ip", "netns", "exec", os.environ[_LAB]) if scene.lab else ()
    with Program([*there, _PITOP, *scene.arguments], scene.columns, scene.lines, files=files) as program:
        program.listen(scene.seconds)
        for key in scene.keys:
            program.press(key.replace("{anchor}", os.environ.get(_ANCHOR, "")))
            program.listen(scene.pause)
        program.listen(scene.after)
        if program.status is not None:
            raise SystemExit("\n".join(program.screen.rows()))
        drawing = svg(program.screen.cells(), scene.title)
    (_FOLDER / f"{scene.name}.svg").write_text(drawing)


def _chosen(names: Sequence[str]) -> list[Scene]:
    return [scene for scene in SCENES if not names or scene.name in names]


def _again(stage: str, names: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "screenshots", stage, *names]


def _outer(names: Sequence[str]) -> int:
    """In namespaces for the network and the names: furnish them, and go one further in."""
    furnish()
    with ExitStack() as stack:
        for other in build():
            stack.callback(other.wait)
            stack.callback(other.kill)
        environment = dict(os.environ)
        if any(scene.lab for scene in _chosen(names)):
            lab = DnsLab()
            stack.callback(lab.down)
            lab.up()
            stack.enter_context(slow(lab, _DISTANCE, (ROOT, TLD, LEAF, BIND)))
            environment |= {_LAB: lab.namespace, _ANCHOR: str(lab.anchor)}
        return subprocess.run([*INNER, *_again("--inner", names)], env=environment, check=False).returncode


def _inner(names: Sequence[str]) -> int:
    """As the first process of the small machine: start the others, and take the pictures."""
    boot(SERVICES)
    for scene in _chosen(names):
        print(scene.name, flush=True)
        _take(scene)
    return 0


def _to_png(scene: Scene) -> None:
    drawing = _FOLDER / f"{scene.name}.svg"
    picture = drawing.with_suffix(".png")
    subprocess.run(["rsvg-convert", "--zoom", _ZOOM, "--output", picture, drawing], check=True)
    subprocess.run(["pngquant", "--force", "--strip", "--output", picture, _COLOURS, picture], check=True)


def main(arguments: Sequence[str]) -> int:
    """Make the small machine, take the pictures there (all, or those named), and turn them into PNG."""
    stages = {"--outer": _outer, "--inner": _inner}
    if arguments[:1] and arguments[0] in stages:
        return stages[arguments[0]](arguments[1:])
    if os.geteuid() != 0:
        print("screenshots: making the small machine that they show needs root", file=sys.stderr)
        return 1
    done = subprocess.run([*OUTER, *_again("--outer", arguments)], check=False)
    if done.returncode == 0:
        for scene in _chosen(arguments):
            _to_png(scene)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
