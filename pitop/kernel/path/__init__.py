"""Probes and their answers: ping sockets, the error queue, name look-ups over the wire."""
