"""Who talks with whom, over time: a light capture of its own, names as they are asked, translations."""

from __future__ import annotations

from pitop.collect.traffic.collector import TrafficCollector

__all__ = ["TrafficCollector"]
