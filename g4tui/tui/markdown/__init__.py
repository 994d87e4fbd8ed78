"""Markdown for a stream: parsed block by block as it grows, laid out as lines of a terminal.

Everything shown passes the sanitiser twice: the source when it is fed, and each text again after
Markdown decoded its entities (`inline.safe_content` and `blocks` are the only makers of text).
"""
