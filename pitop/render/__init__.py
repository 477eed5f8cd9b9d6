"""How values look: fields, units, text tables, JSON documents. Shared by the screen and the commands."""
