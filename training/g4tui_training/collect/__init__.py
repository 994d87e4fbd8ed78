"""Asking the teacher: every prompt once, every answer kept, never more than it may cost."""
