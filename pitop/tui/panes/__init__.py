"""One module a pane. A pane never reads the system and never imports another pane."""
