"""Widgets that panes share, all drawn line by line."""
