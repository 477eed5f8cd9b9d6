"""Readers of everything that Linux tells about memory."""
