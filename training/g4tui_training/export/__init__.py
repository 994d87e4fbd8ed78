"""The student as files that the chat opens, and the gate that they must pass."""
