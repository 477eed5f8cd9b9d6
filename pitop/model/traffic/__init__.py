"""Who talks with whom: conversations as the wire showed them, what their addresses are called, and the table of it all.

Pure: nothing here touches the system.
"""

from __future__ import annotations

from pitop.model.traffic.names import NameBook
from pitop.model.traffic.snapshot import AskTraffic, TrafficSnapshot
from pitop.model.traffic.table import (
    TrafficKey,
    TrafficRow,
    TrafficTable,
    about_traffic,
    grouped,
    subject_of_traffic,
    traffic_rows,
)
from pitop.model.traffic.talk import End, Named, NameSource, Talk

__all__ = [
    "AskTraffic",
    "End",
    "NameBook",
    "NameSource",
    "Named",
    "Talk",
    "TrafficKey",
    "TrafficRow",
    "TrafficSnapshot",
    "TrafficTable",
    "about_traffic",
    "grouped",
    "subject_of_traffic",
    "traffic_rows",
]
