"""When queries are sent, how many at once, and what is made of the answers."""
