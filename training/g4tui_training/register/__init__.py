"""The student in the chat's list of models."""
