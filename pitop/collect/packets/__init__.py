"""Packets: read from files, captured by a helper process, kept in a bounded store, asked for by rows."""
