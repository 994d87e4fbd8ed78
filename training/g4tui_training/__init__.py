"""The distillery: from a teacher's answers to a small model that runs in the chat.

Stages are plain functions with typed arguments; each reads and writes files in one run directory.
"""
