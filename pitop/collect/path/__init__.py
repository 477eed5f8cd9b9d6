"""Pings and traces: engines on threads of their own, looked at when a snapshot is due."""
