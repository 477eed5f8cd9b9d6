"""`pitop inspect`, as text and JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys

PITOP = [sys.executable, "-m", "pitop", "inspect"]


def pitop_inspect(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [*PITOP, *(str(each) for each in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, **options)  # type: ignore[call-overload, no-any-return]


def test_text_has_every_part() -> None:
    done = pitop_inspect(os.getpid())
    assert done.returncode == 0, done.stderr
    titles = [line for line in done.stdout.splitlines()[1:] if line and not line.startswith(" ")]
    assert titles == ["Overview", "Program", "Files", "Threads", "Environment", "Settings", "Rights", "Kernel"]
    assert "  Maximum resident set size (kbytes): " in done.stdout


def test_json_names_carry_their_units() -> None:
    done = pitop_inspect(os.getpid(), "--json")
    content = json.loads(done.stdout)
    assert content["pane"] == "inspect"
    assert content["summary"]["pid"] == os.getpid()
    assert content["summary"]["rss_bytes"] > 1_000_000
    assert {row["row"] for row in content["rows"]} == {"file", "thread", "limit"}
    assert next(row for row in content["rows"] if row.get("fd") == 0)["kind"]


def test_secrets_need_asking() -> None:
    child = subprocess.Popen(["sleep", "60"], env={"MY_TOKEN": "s3cr3t", "PATH": os.environ["PATH"]})
    try:
        assert "s3cr3t" not in pitop_inspect(child.pid).stdout
        assert (
            json.loads(pitop_inspect(child.pid, "--json", "--secrets").stdout)["summary"]["environment"]["MY_TOKEN"]
            == "s3cr3t"
        )
    finally:
        child.kill()
        child.wait()


def test_hostile_processes_do_not_reach_the_terminal() -> None:
    text = "import sys; print(flush=True); sys.stdin.read()"
    hostile = "\x1b]0;owned\x07\n\u202e[/etc]"
    with subprocess.Popen(
        [sys.executable, "-Ic", text, hostile],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"X": hostile, "PATH": os.environ["PATH"]},
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        shown = pitop_inspect(child.pid).stdout
        child.communicate(b"")
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert "\\e]0;owned\\a\\n\\u202e[/etc]" in shown


def test_no_such_process() -> None:
    failed = pitop_inspect(2**22 - 1)
    assert failed.returncode == 1
    assert len(failed.stderr.splitlines()) == 1
    assert "there is no process" in failed.stderr
    assert pitop_inspect("x").returncode == 2


def test_following_ends_with_the_process() -> None:
    child = subprocess.Popen(["sleep", "0.6"])
    following = subprocess.Popen(
        [*PITOP, str(child.pid), "--json", "--interval", "0.2"], stdout=subprocess.PIPE, text=True
    )
    child.wait()
    lines = following.communicate(timeout=30)[0].splitlines()
    assert json.loads(lines[-1])["summary"]["ended_time"] is not None
