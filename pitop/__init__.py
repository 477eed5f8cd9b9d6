"""One terminal screen for everything a Linux machine is doing."""

__version__ = "0.1.0"
