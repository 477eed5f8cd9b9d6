"""Ways to other machines, without touching the system: echo statistics, hops, what is broken on the way."""
