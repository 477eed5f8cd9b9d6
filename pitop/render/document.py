"""The JSON document that every command prints with `--json`: one object a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

__all__ = ["document"]


def document(pane: str, time: float, host: str, summary: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> str:
    """One line of JSON: `{"pane": …, "time": unix seconds, "host": …, "summary": {…}, "rows": […]}`.

    Names carry their unit; what could not be read is null.
    """
    content = {"pane": pane, "time": round(time, 3), "host": host, "summary": summary, "rows": list(rows)}
    return msgspec.json.encode(content).decode()
