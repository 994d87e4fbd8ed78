"""The command `g4tui`."""
