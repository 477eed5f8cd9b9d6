"""The memory pane: the machine above, processes below, and an address space on a key."""
