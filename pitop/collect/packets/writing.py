"""Writes a stream into a file that only its owner can read."""

from __future__ import annotations

import os

from pitop.model.actions import Outcome
from pitop.model.packets.actions import WriteStream

__all__ = ["perform"]


def perform(action: WriteStream) -> Outcome:
    """Write the stream; a file that is there already stays as it is."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(action.path, flags, 0o600)
    except FileExistsError:
        return Outcome(False, f"{action.path} is there already", "Choose another name.")
    except OSError as error:
        return Outcome(False, f"{action.path}: {error.strerror or error}")
    with open(descriptor, "wb") as file:
        for piece in action.stream.pieces:
            file.write(piece.data)
        size = file.tell()
    return Outcome(True, f"{size} bytes written to {action.path}")
