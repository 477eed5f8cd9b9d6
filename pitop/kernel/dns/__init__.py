"""Queries on the wire, and the files that say how this machine resolves names."""
