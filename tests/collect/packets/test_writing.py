"""Streams written to files."""

from __future__ import annotations

from pathlib import Path

from pitop.collect.performers import perform
from pitop.model.packets.actions import WriteStream
from pitop.model.packets.conversation import Piece, Stream

STREAM = Stream("a", "b", (Piece(True, b"ask\n", 1, 0.0), Piece(False, b"\x00answer", 2, 0.1)))


def test_both_sides_are_written_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "stream"
    assert perform(WriteStream(str(path), STREAM)).done
    assert path.read_bytes() == b"ask\n\x00answer"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "stream"
    path.write_text("mine")
    outcome = perform(WriteStream(str(path), STREAM))
    assert not outcome.done
    assert "already" in outcome.message
    assert path.read_text() == "mine"
    assert not perform(WriteStream(str(tmp_path / "no" / "such"), STREAM)).done
