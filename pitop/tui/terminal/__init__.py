"""What goes down the wire."""
