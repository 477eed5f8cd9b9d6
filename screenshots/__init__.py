"""Pictures of pitop, drawn from what the running program writes to a terminal. `make screenshots` makes them anew."""
