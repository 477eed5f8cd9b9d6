"""What an ordinary user would get: work done in a forked child that has given up its rights."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

__all__ = ["as_ordinary_user"]

_NOBODY = 65534


def as_ordinary_user(work: Callable[[], Any]) -> Any:
    """What `work` gives, as JSON carries it, done by user and group 65534 without capabilities. Needs root."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)
            try:
                answer = json.dumps({"given": work()})
            except BaseException as error:  # told to the parent
                answer = json.dumps({"failed": repr(error)})
            os.write(writing, answer.encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        answer = json.loads(file.read())
    os.waitpid(pid, 0)
    assert "given" in answer, answer
    return answer["given"]
