"""The packet pane: the list, one packet in full, streams, the ladder, statistics."""
