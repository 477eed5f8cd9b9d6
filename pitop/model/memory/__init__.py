"""Virtual memory as it is: where the machine's pages went, who faults, and what a process really holds."""
