"""What happened, in order: forks, execs, exits, sockets opened and closed, names asked, bursts of faults, signals.

Pure: nothing here touches the system.
"""

from __future__ import annotations

from pitop.model.timeline.happening import (
    Happening,
    Kind,
    TimelineSnapshot,
    about_happening,
    subject_of_happening,
)
from pitop.model.timeline.recorder import Recorder

__all__ = ["Happening", "Kind", "Recorder", "TimelineSnapshot", "about_happening", "subject_of_happening"]
