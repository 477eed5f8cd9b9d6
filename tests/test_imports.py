"""What is imported when: a command starts without what it does not need, and so does the screen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.program import Program
from bench.programs import PROGRAMS

_FULL_SCREEN = {"textual", "rich"}
_HEAVY = {"scapy", "dns", "psutil"}
_SPARED = {"asyncio", "typing_extensions", "inspect"}  # each is a tenth of a start or more


def _roots(names: str) -> set[str]:
    return {name.partition(".")[0] for name in names.split()}


def _imported(*arguments: str) -> subprocess.CompletedProcess[str]:
    script = "import sys; from pitop.__main__ import main; status = main(); print(*sys.modules, file=sys.stderr)"
    return subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)


@pytest.mark.parametrize("arguments", [["processes"], ["processes", "--json"], ["processes", "--tree"]])
def test_processes_imports_neither_the_screen_nor_the_network(arguments: list[str]) -> None:
    done = _imported(*arguments)
    assert "pid" in done.stdout.lower()
    imported = _roots(done.stderr)
    assert "pitop" in imported
    assert not imported & (_FULL_SCREEN | _HEAVY)


def test_a_trace_imports_little_more_than_it_walks_with() -> None:
    nobody = "127.0.0.1:1"
    done = _imported("dns", "--trace", "--root", nobody, "+time=1", "+tries=1", "www.example")
    assert not _roots(done.stderr.splitlines()[-1]) & (_FULL_SCREEN | _HEAVY | _SPARED)


def test_the_first_paint_imports_neither_scapy_nor_dnspython_nor_psutil(tmp_path: Path) -> None:
    told = tmp_path / "modules"
    script = (
        "import os, signal, sys\n"
        "def tell(*_):\n"
        f"    open({str(told)!r} + '+', 'w').write(' '.join(sys.modules))\n"
        f"    os.rename({str(told)!r} + '+', {str(told)!r})\n"
        "signal.signal(signal.SIGUSR1, tell)\n"
        "from pitop.__main__ import main\n"
        "sys.exit(main())\n"
    )
    contestant = next(each for each in PROGRAMS if each.name == "pitop")
    with Program([sys.executable, "-c", script]) as program:
        painted = program.await_screen(contestant.shows_content(), 20.0)
        assert painted is not None, "\n".join(program.screen.rows())
        os.kill(program.pid, signal.SIGUSR1)
        while not told.exists() and program.hear(5.0):
            pass
    imported = _roots(told.read_text())
    assert "textual" in imported
    assert not imported & _HEAVY


@pytest.mark.parametrize("pane", ["processes", "packets"])
def test_who_does_not_want_to_wait_for_the_imports_is_back_at_the_prompt(pane: str) -> None:
    script = (
        "import os, signal, sys\n"
        "def interrupt(event, arguments):\n"
        "    if event == 'import' and arguments[0] == 'textual.screen':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.addaudithook(interrupt)\n"
        "from pitop.__main__ import main\n"
        f"sys.exit(main(['--pane', '{pane}']))\n"
    )
    with Program([sys.executable, "-c", script]) as program:
        program.listen(20)
        assert program.status is not None
        assert os.waitstatus_to_exitcode(program.status) == 130
        assert "".join(program.screen.rows()).strip() == ""
