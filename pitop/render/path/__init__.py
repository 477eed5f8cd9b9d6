"""How pings and traces look: fields, and the lines of ping, traceroute and mtr -r."""
