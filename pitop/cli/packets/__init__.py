"""`pitop packets`: what goes over the wire, as `tcpdump -n` prints it."""

from pitop.cli.packets.command import run

__all__ = ["run"]
