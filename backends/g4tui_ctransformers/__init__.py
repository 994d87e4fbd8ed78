"""A backend of g4tui."""
