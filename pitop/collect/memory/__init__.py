"""The memory topics: the machine with what visible processes hold, and one process's address space."""
