"""What pitop costs, beside other tools and by itself. `make bench` runs it; nothing here is installed with pitop."""
