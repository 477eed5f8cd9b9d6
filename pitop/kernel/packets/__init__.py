"""Packets from the kernel and from files: rings, filters, capture files, the sockets that they belong to."""
