"""Packets: bytes in, frozen records and lines out, without touching the system."""
