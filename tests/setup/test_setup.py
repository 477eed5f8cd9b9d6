"""The scripts behind make run and make test, with an apt-get that only writes down what it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

_SETUP = Path(__file__).parents[2] / "setup"

# Refuses the package `nowhere`, and everything until `update` where a file `stale` is beside it.
_APT_GET = """#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/asked"
case "$*" in
    *" update "*) rm -f "$here/stale" ;;
    *nowhere*) exit 100 ;;
    *) [ ! -e "$here/stale" ] || exit 100 ;;
esac
touch "$here/installed"
"""
# A Python without the venv module until something is installed.
_PYTHON = f"""#!/bin/sh
case "$*" in *ensurepip*) [ -e "$(dirname "$0")/installed" ] || exit 1 ;; esac
exec {sys.executable} "$@"
"""
_OLD_PYTHON = """#!/bin/sh
exit 1
"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder at the front of PATH: apt-get, and id saying root."""
    folder = tmp_path / "tools"
    folder.mkdir()
    _program(folder / "apt-get", _APT_GET)
    _program(folder / "id", "#!/bin/sh\necho 0\n")
    return folder


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def _run(tools: Path, script: str, arguments: Sequence[str], **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", **more}
    command = ["sh", str(_SETUP / script), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def _asked(tools: Path) -> list[str]:
    asked = tools / "asked"
    return asked.read_text().splitlines() if asked.exists() else []


def _list(folder: Path, *lines: str) -> str:
    path = folder / "list.txt"
    path.write_text("\n".join(("# a comment", "", *lines, "")))
    return str(path)


def test_what_is_there_is_not_installed(tools: Path, tmp_path: Path) -> None:
    done = _run(tools, "packages", ["--list", _list(tmp_path, "dash sh", f"files {tmp_path}")])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert _asked(tools) == []


def test_what_is_missing_is_installed_at_once(tools: Path, tmp_path: Path) -> None:
    done = _run(tools, "packages", ["--list", _list(tmp_path, "one no-such-1", "dash sh", "two /no/such/file")])
    assert done.returncode == 0, done.stderr
    assert len(_asked(tools)) == 1
    assert _asked(tools)[0].endswith(" one two")


def test_package_lists_are_renewed_when_they_are_old(tools: Path) -> None:
    (tools / "stale").touch()
    done = _run(tools, "packages", ["one"])
    assert done.returncode == 0, done.stderr
    assert [line.split()[-1] for line in _asked(tools)] == ["one", "-qq", "one"]


def test_one_that_is_not_to_be_had_does_not_keep_the_others_away(tools: Path) -> None:
    done = _run(tools, "packages", ["nowhere", "one"])
    assert "Could not install nowhere" in done.stderr
    assert _asked(tools)[-1].endswith(" one")


def test_without_root_the_command_is_told(tools: Path) -> None:
    _program(tools / "id", "#!/bin/sh\necho 1000\n")
    _program(tools / "sudo", "#!/bin/sh\nexit 1\n")
    done = _run(tools, "packages", ["one", "two"])
    assert done.returncode == 1
    assert "sudo apt-get install one two" in done.stderr
    assert _asked(tools) == []


def test_a_sudo_that_asks_nothing_is_used(tools: Path) -> None:
    _program(tools / "id", "#!/bin/sh\necho 1000\n")
    _program(tools / "sudo", '#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n')
    done = _run(tools, "packages", ["one"])
    assert done.returncode == 0, done.stderr
    assert _asked(tools)[0].endswith(" one")


def test_a_python_without_venv_gets_it(tools: Path, tmp_path: Path) -> None:
    _program(tools / "python", _PYTHON)
    folder = tmp_path / "environment"
    done = _run(tools, "environment", [str(folder)], PYTHON=str(tools / "python"))
    assert done.returncode == 0, done.stderr
    assert _asked(tools)[0].split()[-1] == f"python3.{sys.version_info.minor}-venv"
    assert (folder / "bin/pip").exists()


def test_an_old_python_is_told_with_what_to_do(tools: Path, tmp_path: Path) -> None:
    _program(tools / "python", _OLD_PYTHON)
    done = _run(tools, "environment", [str(tmp_path / "environment")], PYTHON=str(tools / "python"))
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr
    assert "make run PYTHON=" in done.stderr
