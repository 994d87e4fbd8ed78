"""What a plugin's author tests with: a scripted backend, and the conformance suite."""

from g4tui.testing.scripted import ScriptedBackend

__all__ = ["ScriptedBackend"]
